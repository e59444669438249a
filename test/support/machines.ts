/**
 * Machines that share nothing but a link: each a network and a mount namespace of its own, with its own /run and
 * /var/lib/coracle. They have no names outside, so nothing can be left behind but processes, which `close` ends.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientProgram, run, type Kubectl, type RunResult } from './clients.ts';
import { eventually } from './cluster.ts';
import { traces } from './traces.ts';

const launcher = join(import.meta.dirname, '..', '..', 'coracle');

export interface Machine {
  readonly address: string;
  readonly folder: string;
  readonly dataDir: string;
  /** Runs a program there. */
  run(program: string, ...args: readonly string[]): Promise<RunResult>;
  /** `coracle` there, for the machine's cluster and data directory. */
  coracle(...args: readonly string[]): Promise<RunResult>;
  /** kubectl there, by the kubeconfig that `coracle up` wrote. */
  readonly kubectl: Kubectl;
  /** What a cluster has left in there; to be nothing once it was reset. */
  traces(): Promise<readonly string[]>;
}

/** What a power cut leaves of a machine: its disk. */
export interface Rebooting {
  /** Ends all processes of the second machine and starts it anew, with its data directory and an empty /run. */
  reboot(): Promise<void>;
}

export interface Machines extends Rebooting {
  /** 192.0.2.1 and 192.0.2.2, the two ends of one cable. */
  readonly both: readonly [Machine, Machine];
  /** Pulls the cable, or plugs it in again. */
  setConnected(connected: boolean): Promise<void>;
  /** Ends everything; throws when a cluster has left something behind. */
  close(): Promise<void>;
}

const addresses = ['192.0.2.1', '192.0.2.2'] as const;

/** `name`: that of the cluster on both machines. */
export async function twoMachines(name: string): Promise<Machines> {
  const folder = mkdtempSync(join(tmpdir(), `coracle-${name}-`));
  const holders: ChildProcess[] = [];
  const one = await hold(holders);
  let two = await hold(holders);
  const both = [
    machine(name, folder, () => one, addresses[0]),
    machine(name, folder, () => two, addresses[1]),
  ] as const;
  const plugIn = async (): Promise<void> => {
    await sh(one, `ip link add eth0 type veth peer name eth0 netns ${two}`);
    for (const each of both) {
      mkdirSync(each.folder, { recursive: true });
      await each.run('sh', '-ec', `ip addr add ${each.address}/24 dev eth0; ip link set eth0 up`);
    }
  };
  await plugIn();
  return {
    both,
    async reboot() {
      await sh(one, 'ip link del eth0');
      const before = two;
      two = await hold(holders);
      await endAll(before, both[1].folder);
      await plugIn();
    },
    async setConnected(connected) {
      await sh(one, `ip link set eth0 ${connected ? 'up' : 'down'}`);
    },
    async close() {
      for (const each of both) await each.coracle('reset', '--yes');
      const left = [traces({ name, folder }), ...(await Promise.all(both.map((each) => each.traces())))].flat();
      await Promise.all(
        holders.map(async (holder) => {
          if (holder.exitCode !== null || holder.signalCode !== null) return;
          const exited = once(holder, 'exit');
          holder.kill('SIGKILL');
          await exited;
        }),
      );
      rmSync(folder, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
    },
  };
}

function machine(name: string, parent: string, pidNow: () => number, address: string): Machine {
  const folder = join(parent, address);
  const [kubeconfig, dataDir] = [join(folder, 'kubeconfig'), join(folder, 'data')];
  const runThere: Machine['run'] = (program, ...args) =>
    run('nsenter', ['-t', `${pidNow()}`, '--net', '--mount', '--', program, ...args], {
      timeout: 300_000,
      env: { KUBECONFIG: kubeconfig },
    });
  return {
    address,
    folder,
    dataDir,
    run: runThere,
    coracle: (...args) => runThere(launcher, ...args, '--name', name, '--data-dir', dataDir),
    kubectl: (...args) => runThere(clientProgram('kubectl'), ...args),
    async traces() {
      const script = `nft list tables; ls /run/netns; ip -o link | grep -v -e ' lo:' -e ' eth0@' -e ' tunl0' || true; grep -e /coracle/${name}/ -e ${folder}/ /proc/mounts || true`;
      const { stdout } = await runThere('sh', '-c', script);
      return stdout.split('\n').filter((line) => line !== '');
    },
  };
}

/** Kills what runs in the machine's mount namespace, and containers, which have their own, by their cgroups. */
async function endAll(holder: number, folder: string): Promise<void> {
  const namespace = readlinkSync(`/proc/${holder}/ns/mnt`);
  const mine = (): readonly number[] =>
    readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          if (readlinkSync(`/proc/${pid}/ns/mnt`) === namespace) return true;
          // What a container was started for is in the mounts that its root file system is made of.
          return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${folder}/`);
        } catch {
          return false; // It ended meanwhile.
        }
      })
      .map(Number)
      .filter((pid) => pid !== process.pid);
  await eventually('the machine to be off', () => {
    const left = mine();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    return Promise.resolve(left.length === 0);
  });
}

/** A process that holds the namespaces; its pid. */
async function hold(holders: ChildProcess[]): Promise<number> {
  const holder = spawn('unshare', ['--net', '--mount', '--propagation', 'private', 'sleep', '3600'], {
    stdio: 'ignore',
  });
  holders.push(holder);
  const pid = holder.pid ?? 0;
  const own = execFileSync('readlink', ['/proc/self/ns/mnt'], { encoding: 'utf8' });
  await eventually('namespaces', async () => {
    const { code, stdout } = await run('sh', ['-c', `readlink /proc/${pid}/ns/mnt; cat /proc/${pid}/comm`]);
    return code === 0 && !stdout.includes(own.trim()) && stdout.includes('sleep');
  });
  // Mounts of other clusters on this machine: held in here, they could not go there.
  await sh(
    pid,
    `awk '$2 ~ /coracle|^\\/run\\/netns|^\\/tmp\\// {print $2}' /proc/mounts | tac | while read -r each; do umount -l "$each"; done`,
  );
  await sh(
    pid,
    'mount -t tmpfs tmpfs /run; mkdir -p /run/netns /var/lib/coracle; mount -t tmpfs tmpfs /var/lib/coracle; ip link set lo up',
  );
  return pid;
}

async function sh(pid: number, script: string): Promise<void> {
  const { code, stderr } = await run('nsenter', ['-t', `${pid}`, '--net', '--mount', '--', 'sh', '-ec', script]);
  if (code !== 0) throw new Error(stderr);
}
