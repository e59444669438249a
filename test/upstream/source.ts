/**
 * Gets the suite's source and what it is built with through the machine's own apt sources: no host is named here.
 * The source package's original archive is Kubernetes whole, with its tests and all that it depends on (vendor/).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../src/cli/user-error.ts';
import { installPackages } from '../../src/cluster/machine/prerequisites.ts';
import { runTool, step } from '../support/tools.ts';
import type { Workplace } from './workplace.ts';

const release = 'bookworm';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const fromMirrors = `this needs Debian 12 and its package mirrors: is the network there, and do apt's sources name ${release}?`;

/** Debian's packages that the suite and its images are made with, and how to see that they are there. */
const packages = [
  { name: 'golang-1.19-go', file: '/usr/lib/go-1.19/bin/go' },
  { name: 'debootstrap', file: '/usr/sbin/debootstrap' },
  { name: 'busybox-static', file: '/bin/busybox' },
];

const targetFormat = '$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(ORIGIN)|$(COMPONENT)';

/**
 * Where the machine gets Debian's main packages of the release, out of what `apt-get indextargets` prints in the
 * format above; undefined when it doesn't. Pure.
 */
export function mirrorOf(targets: string): string | undefined {
  const rows = targets.split('\n').map((line) => line.split('|'));
  return rows.find(
    ([, , codename, origin, component]) => codename === release && origin === 'Debian' && component === 'main',
  )?.[0];
}

/** Address of the machine's mirror. Throws UserError when its apt knows none for the release. */
export async function debianMirror(): Promise<string> {
  const args = ['indextargets', '--format', targetFormat, 'Created-By: Packages'];
  const { stdout } = await promisify(execFile)('apt-get', args).catch((error: unknown) => {
    throw new UserError(`apt-get indextargets failed: ${(error as Error).message}`, fromMirrors);
  });
  const mirror = mirrorOf(stdout);
  if (mirror === undefined) {
    throw new UserError(
      `apt's sources on this machine hold no main packages of Debian ${release}`,
      `${fromMirrors} After adding them: apt-get update`,
    );
  }
  return mirror;
}

/** Installs the packages that are missing, after saying which. */
export async function ensureToolchain(): Promise<void> {
  const missing = packages.filter(({ file }) => !existsSync(file)).map(({ name }) => name);
  if (missing.length > 0) {
    await step(`installing Debian's ${missing.join(', ')}`, async () => installPackages(missing));
  }
}

export const debianRelease = { name: release, keyring };

/** Puts the source where Go looks for it. */
export async function ensureSource({ folder, source, logs, signal }: Workplace): Promise<void> {
  if (existsSync(source)) return;
  const archive = await step('fetching the source package kubernetes (about 35 MB)', () =>
    fetchSource(join(folder, 'apt'), logs, signal),
  );
  await step('unpacking it', async () => {
    const unpacked = `${source}.new`;
    await rm(unpacked, { recursive: true, force: true });
    await mkdir(unpacked, { recursive: true });
    await runTool('tar', ['-xf', archive, '-C', unpacked, '--strip-components=1'], {
      log: join(logs, 'unpack.log'),
      signal,
    });
    await rename(unpacked, source);
    await rm(join(folder, 'apt'), { recursive: true, force: true });
  });
}

/** Path of the original archive. apt checks it against Debian's signature. */
async function fetchSource(apt: string, logs: string, signal: AbortSignal): Promise<string> {
  const mirror = await debianMirror();
  await rm(apt, { recursive: true, force: true });
  await mkdir(join(apt, 'lists', 'partial'), { recursive: true });
  await mkdir(join(apt, 'cache', 'archives', 'partial'), { recursive: true });
  const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  await writeFile(join(apt, 'sources.list'), `deb-src ${signed}${mirror} ${release} main\n`);
  const options = [
    `Dir::Etc::SourceList=${join(apt, 'sources.list')}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    // The user that apt fetches as may not enter our folder.
    'APT::Sandbox::User=root',
    // Else update succeeds with a warning when it reaches nobody.
    'APT::Update::Error-Mode=any',
  ].flatMap((option) => ['-o', option]);
  const run = (log: string, ...args: readonly string[]): Promise<void> =>
    runTool('apt-get', [...args, ...options], { cwd: apt, log: join(logs, log), signal, remedy: fromMirrors });
  await run('apt-update.log', 'update');
  await run('apt-source.log', 'source', '--download-only', 'kubernetes');
  const archive = (await readdir(apt)).find((file) => /^kubernetes_.*really1\.20\.2\.orig\.tar\.\w+$/.test(file));
  if (archive === undefined) {
    throw new UserError(`the source package kubernetes of Debian ${release} is not 1.20.2 any more`, fromMirrors);
  }
  return join(apt, archive);
}
