/**
 * What the machine must have before a cluster can start: root, kernel features, and programs from Debian
 * packages, which are installed after saying which and why.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';
import { UserError } from '../../cli/user-error.ts';

interface Program {
  readonly program: string;
  readonly package: string;
  readonly why: string;
  /** Whether this machine has a use for it; absent: yes. */
  readonly isNeeded?: () => boolean;
}

const programs: readonly Program[] = [
  { program: 'runc', package: 'runc', why: 'starts containers' },
  { program: 'conmon', package: 'conmon', why: 'keeps a container and its log alive while Coracle restarts' },
  { program: 'nft', package: 'nftables', why: 'directs traffic for Services' },
  { program: 'ip', package: 'iproute2', why: 'sets up pod networks' },
  { program: 'socat', package: 'socat', why: 'attaches to containers and forwards ports' },
  { program: 'tar', package: 'tar', why: 'unpacks images' },
  { program: 'conntrack', package: 'conntrack', why: 'forgets UDP flows to endpoints that went away' },
  {
    program: 'apparmor_parser',
    package: 'apparmor',
    why: "loads the containers' AppArmor profile",
    isNeeded: () => readTextIfPresent('/sys/module/apparmor/parameters/enabled')?.startsWith('Y') ?? false,
  },
  { program: 'busybox', package: 'busybox-static', why: 'is what the built-in busybox image is made of' },
];

/** Throws a UserError that says what is missing when it cannot be had. */
export function ensurePrerequisites(say: (line: string) => void): void {
  if (process.getuid?.() !== 0) {
    throw new UserError('starting containers needs root', 'run it with sudo, or as root');
  }
  ensureKernel();
  const missing = programs.filter(({ program, isNeeded }) => isNeeded?.() !== false && !isOnPath(program));
  if (missing.length === 0) return;
  say('installing Debian packages:');
  for (const { package: name, why } of missing) say(`  ${name.padEnd(16)} ${why}`);
  installPackages(missing.map((each) => each.package));
  const still = missing.filter(({ program }) => !isOnPath(program));
  if (still.length > 0) {
    const names = still.map(({ program }) => program).join(', ');
    throw new UserError(`${names} not found after the installation`, 'install what provides it and try again');
  }
}

/** Throws a UserError with what apt-get says when it fails. */
export function installPackages(packages: readonly string[]): void {
  if (!isOnPath('apt-get')) {
    throw new UserError(
      `this machine has no apt-get, and ${packages.join(', ')} ${packages.length === 1 ? 'is' : 'are'} missing`,
      "install them with this system's package manager and try again",
    );
  }
  const run = (...args: readonly string[]): { readonly ok: boolean; readonly output: string } => {
    const { status, stdout, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return { ok: status === 0, output: `${stdout}${stderr}`.trim().split('\n').slice(-5).join('\n') };
  };
  const wanted = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  if (run(...wanted).ok) return;
  const update = run('update', '-q');
  const second = run(...wanted);
  if (second.ok) return;
  throw new UserError(
    `apt-get install ${packages.join(' ')} failed:\n${update.ok ? second.output : update.output}`,
    'install the packages by hand and try again',
  );
}

function ensureKernel(): void {
  const fileSystems = readFileSync('/proc/filesystems', 'utf8');
  if (!/\boverlay\b/.test(fileSystems)) {
    // Loading the module needs root, which we are; where modules cannot be loaded the mount says so.
    spawnSync('modprobe', ['overlay']);
    if (!/\boverlay\b/.test(readFileSync('/proc/filesystems', 'utf8'))) {
      throw new UserError(
        'the kernel has no overlayfs, which images need',
        'load the module `overlay` or use another kernel',
      );
    }
  }
  for (const kind of ['net', 'pid', 'mnt', 'ipc', 'uts']) {
    if (!existsSync(`/proc/self/ns/${kind}`)) {
      throw new UserError(`the kernel has no ${kind} namespaces, which containers need`, 'use another kernel');
    }
  }
  if (!existsSync('/sys/fs/cgroup')) {
    throw new UserError(
      'no cgroups are mounted at /sys/fs/cgroup',
      'mount cgroup2 there: mount -t cgroup2 none /sys/fs/cgroup',
    );
  }
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
