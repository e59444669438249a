/**
 * A throw-away network for root tests: namespaces that live as long as one process each, joined by a bridge.
 * Nothing has a name outside, so nothing can be left behind.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../base/clock.ts';
import { createCommandRunner, runOrThrow, type CommandRunner } from './command.ts';

export interface LabNamespace {
  readonly run: CommandRunner;
  readonly pid: number;
  /** `/proc/PID/ns/net`. */
  readonly path: string;
  /** Runs a shell command and gives its trimmed stdout; throws when it fails. */
  sh(command: string): Promise<string>;
  /** The same, without throwing. */
  try(command: string): Promise<{ readonly code: number; readonly stdout: string }>;
  /** Starts a command that runs until the lab is closed, and waits until `ready` (a shell command) succeeds. */
  serve(command: string, ready?: string): Promise<void>;
}

export class Lab {
  readonly #children: ChildProcess[] = [];

  async namespace(): Promise<LabNamespace> {
    const holder = this.#start('unshare', ['--net', 'sleep', '600']);
    const { pid = 0 } = holder;
    const path = `/proc/${pid}/ns/net`;
    const run = createCommandRunner(systemClock, path);
    // unshare has not happened yet when the process has just started.
    await until(async () => {
      const seen = await createCommandRunner(systemClock)('readlink', [path, '/proc/self/ns/net']);
      const [theirs, ours] = seen.stdout.split('\n');
      return seen.code === 0 && theirs !== ours;
    });
    const sh = (command: string): Promise<string> => runOrThrow(run, 'sh', ['-ec', command]).then((out) => out.trim());
    await sh('ip link set lo up');
    return {
      run,
      pid,
      path,
      sh,
      try: (command) => run('sh', ['-c', command]).then(({ code, stdout }) => ({ code, stdout: stdout.trim() })),
      serve: async (command, ready) => {
        this.#start('nsenter', [`--net=${path}`, '--', 'sh', '-c', `exec ${command}`]);
        if (ready !== undefined) await until(async () => (await run('sh', ['-c', ready])).code === 0);
      },
    };
  }

  /** A pod: a namespace of its own with `address` on the node's bridge, default route over `gateway`. */
  async pod(node: LabNamespace, bridge: string, address: string, gateway: string): Promise<LabNamespace> {
    const pod = await this.namespace();
    const end = `v${pod.pid}`;
    await node.sh(`
      ip link add ${end} type veth peer name eth0 netns ${pod.pid}
      ip link set ${end} master ${bridge} up
      ip link set ${end} type bridge_slave hairpin on`);
    await pod.sh(`ip addr add ${address}/24 dev eth0; ip link set eth0 up; ip route add default via ${gateway}`);
    return pod;
  }

  async close(): Promise<void> {
    const running = this.#children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      running.map((child) => {
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        return exited;
      }),
    );
  }

  #start(file: string, args: readonly string[]): ChildProcess {
    const child = spawn(file, args, { stdio: 'ignore' });
    this.#children.push(child);
    return child;
  }
}

/** Polls `condition` until it holds; throws after `timeout` milliseconds. */
export async function until(condition: () => Promise<boolean> | boolean, timeout = 10_000): Promise<void> {
  const start = systemClock.monotonic();
  while (!(await condition())) {
    if (systemClock.monotonic() - start > timeout)
      throw new Error(`did not happen within ${timeout} ms: ${condition.toString()}`);
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
  }
}
