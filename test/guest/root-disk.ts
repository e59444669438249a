/** Makes the guest's kernel and root file system out of Debian's packages, without installing them anywhere. */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../../src/cli/user-error.ts';
import { installPackages } from '../../src/cluster/machine/prerequisites.ts';
import { isInstalled } from '../support/clients.ts';
import { runTool, step } from '../support/tools.ts';
import { checkout, dataFolder, kernelPackage, packages, rootFiles } from './root-files.ts';
import type { Workplace } from './workplace.ts';

const hostPrograms = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { program: 'ssh', package: 'openssh-client' },
  { program: 'mke2fs', package: 'e2fsprogs' },
];

const remedy = "see the log; the machine's apt sources must be those of Debian 12, and reachable";
/** Room for what is written besides the packages. */
const rootMiB = 1024;

/** Installs what the host itself needs: QEMU above all. */
export async function ensureHostPrograms(): Promise<void> {
  const missing = hostPrograms.filter(({ program }) => !isInstalled(program)).map((each) => each.package);
  if (missing.length === 0) return;
  await step(`installing Debian packages: ${missing.join(', ')}`, () => Promise.resolve(installPackages(missing)));
}

/** Makes the root disk and the kernel unless those that are there were made of the same. */
export async function ensureRoot(place: Workplace): Promise<void> {
  await ensureKey(place);
  const wanted = stampOf(place);
  const present = [place.kernel, place.root, place.stamp].every((path) => existsSync(path));
  if (present && readFileSync(place.stamp, 'utf8') === wanted) return;
  rmSync(place.stamp, { force: true });
  const tree = join(place.folder, 'tree');
  rmSync(tree, { recursive: true, force: true });
  await step(`downloading ${packages.length} Debian packages and those that they need`, () => download(place));
  await step('unpacking them', () => unpack(place, tree));
  await step('making the root disk', async () => {
    await furnish(place, tree);
    await makeDisk(place, tree, place.root, rootMiB);
  });
  rmSync(tree, { recursive: true });
  writeFileSync(place.stamp, wanted);
}

/** Changes with everything that goes into the root disk but Debian's versions: delete the folder for newer ones. */
function stampOf(place: Workplace): string {
  const files = rootFiles(readFileSync(`${place.key}.pub`, 'utf8'));
  const parts = [packages, kernelPackage, files, process.version, rootMiB];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function ensureKey({ key, logs, signal }: Workplace): Promise<void> {
  if (existsSync(key) && existsSync(`${key}.pub`)) return;
  rmSync(key, { force: true });
  await runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'coracle-guest', '-f', key], {
    log: join(logs, 'ssh-keygen.log'),
    signal,
  });
}

const debs = (place: Workplace): string => join(place.folder, 'debs');

async function download(place: Workplace): Promise<void> {
  const { folder, logs, signal } = place;
  const archives = debs(place);
  mkdirSync(join(archives, 'partial'), { recursive: true });
  // As if nothing were installed: what this machine has, the guest has not.
  const status = join(folder, 'dpkg-status');
  writeFileSync(status, '');
  const options = ['-q', '-y', '-o', `Dir::State::status=${status}`, '-o', `Dir::Cache::archives=${archives}`];
  const install = ['install', '--download-only', '--no-install-recommends', ...options, ...packages];
  const apt = (name: string, args: readonly string[], cwd = folder): Promise<void> =>
    runTool('apt-get', args, { log: join(logs, `${name}.log`), signal, remedy, cwd });
  try {
    await apt('download', install);
  } catch {
    signal.throwIfAborted();
    await apt('update', ['update', '-q']);
    await apt('download', install);
  }
  // Without what it needs to be installed: an initramfs, a boot loader.
  for (const old of globSync(join(folder, 'linux-image-*.deb'))) rmSync(old);
  await apt('download-kernel', ['download', '-q', kernelOf()]);
}

/** The package that the metapackage stands for at present. Throws UserError when apt does not know it. */
function kernelOf(): string {
  const text = execFileSync('apt-cache', ['depends', kernelPackage], { encoding: 'utf8' });
  const found = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (found === undefined) throw new UserError(`apt knows no package ${kernelPackage}`, remedy);
  return found;
}

async function unpack(place: Workplace, tree: string): Promise<void> {
  const { logs, signal, folder } = place;
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(tree, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(tree, name));
  }
  const archives = [debs(place), folder].flatMap((each) => globSync(join(each, '*.deb')));
  const excluded = ['doc', 'man', 'locale'].map((name) => `--exclude=./usr/share/${name}`).join(' ');
  const script = `set -eu -o pipefail
for deb in ${archives.map((path) => `'${path}'`).join(' ')}; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink ${excluded} -C '${tree}'
done`;
  await runTool('bash', ['-c', script], { log: join(logs, 'unpack.log'), signal, remedy });
}

async function furnish({ key, kernel, logs, signal }: Workplace, tree: string): Promise<void> {
  const at = (path: string): string => join(tree, path);
  const boot = readdirSync(at('/boot')).find((name) => name.startsWith('vmlinuz-')) ?? '';
  copyFileSync(at(`/boot/${boot}`), kernel);
  for (const [from, to] of [
    ['/usr/share/base-passwd/passwd.master', '/etc/passwd'],
    ['/usr/share/base-passwd/group.master', '/etc/group'],
    [process.execPath, '/usr/bin/node'],
  ] as const) {
    copyFileSync(from === process.execPath ? from : at(from), at(to));
  }
  for (const folder of [checkout, dataFolder, '/etc/dropbear', '/proc', '/sys', '/dev', '/run', '/tmp', '/mnt']) {
    mkdirSync(at(folder), { recursive: true });
  }
  for (const { path, content, mode } of rootFiles(readFileSync(`${key}.pub`, 'utf8'))) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
    chmodSync(at(path), mode);
  }
  rmSync(at('/usr/sbin/init'), { force: true });
  symlinkSync('../bin/busybox', at('/usr/sbin/init'));
  // What the packages' scripts would have done.
  const script = `ldconfig && depmod ${boot.replace('vmlinuz-', '')} &&
    ln -sf bash /usr/bin/sh && ln -sf gawk /usr/bin/awk &&
    rm -f /etc/dropbear/key && dropbearkey -t ed25519 -f /etc/dropbear/key`;
  await runTool('chroot', [tree, '/bin/bash', '-c', script], { log: join(logs, 'furnish.log'), signal });
}

/** Makes an ext4 file system of a folder. */
export async function makeDisk(
  { logs, signal }: Pick<Workplace, 'logs' | 'signal'>,
  folder: string,
  path: string,
  sizeMiB: number,
): Promise<void> {
  const made = `${path}.new`;
  rmSync(made, { force: true });
  const options = ['-q', '-F', '-t', 'ext4', '-E', 'lazy_itable_init=1,root_owner=0:0', '-d', folder];
  await runTool('mke2fs', [...options, made, `${sizeMiB}M`], { log: join(logs, 'mke2fs.log'), signal });
  renameSync(made, path);
}

const dataMiB = 6144;

/** An empty file system, for a cluster's data. */
export async function makeEmptyDisk(place: Pick<Workplace, 'logs' | 'signal'>, path: string): Promise<void> {
  const empty = mkdtempSync(join(tmpdir(), 'coracle-guest-'));
  try {
    await makeDisk(place, empty, path, dataMiB);
  } finally {
    rmSync(empty, { recursive: true });
  }
}
