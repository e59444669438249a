/** This checkout as a disk: the launcher, the bundle, Node.js and the few packages that the bundle finds beside it. */
import { cpSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../support/clients.ts';
import { UserError } from '../../src/cli/user-error.ts';
import { makeDisk } from './root-disk.ts';
import type { Workplace } from './workplace.ts';

const root = join(import.meta.dirname, '..', '..');
/** Those that hold binaries: the bundle has all others in it. */
const besideTheBundle = ['@lydell', 'esbuild', '@esbuild'];
const sizeMiB = 256;

export async function makeCheckout(place: Workplace): Promise<void> {
  // Bundles what has changed. It also loads what is cached of compiled code.
  const { code, stderr } = await run(join(root, 'coracle'), ['version'], { timeout: 120_000 });
  if (code !== 0) throw new UserError(`the checkout does not build:\n${stderr.trimEnd()}`, '');
  const tree = join(place.folder, 'checkout');
  rmSync(tree, { recursive: true, force: true });
  const copy = (from: string, to = from): void => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    cpSync(join(root, from), join(tree, to), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  };
  for (const path of ['coracle', 'package.json', 'package-lock.json', 'demo', 'src']) copy(path);
  for (const name of besideTheBundle) copy(join('node_modules', name));
  // The launcher finds everything done, and so does nothing: the disk cannot be written to.
  copy('tools/bundle.ts');
  copy('.build/bundle.stamp');
  copy('package-lock.json', '.build/dependencies.runtime');
  cpSync(realpathSync(join(root, '.build', 'bundle')), join(tree, '.build', 'bundles', 'guest'), {
    recursive: true,
    preserveTimestamps: true,
  });
  symlinkSync('bundles/guest', join(tree, '.build', 'bundle'));
  writeFileSync(join(tree, '.build', 'bundle.lock'), '');
  mkdirSync(join(tree, '.tools', 'node', 'bin'), { recursive: true });
  symlinkSync('/usr/bin/node', join(tree, '.tools', 'node', 'bin', 'node'));
  await makeDisk(place, tree, place.checkout, sizeMiB);
  rmSync(tree, { recursive: true });
}
