/** The `busybox` image, made from a static busybox binary of this machine (Debian: busybox-static). */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { buildImage, buildLayer, type LayerFile } from './build.ts';
import type { ImageStore } from './image-store.ts';
import { type ImageSource, namesOf } from './mirror.ts';
import { ImageError } from './service.ts';

const run = promisify(execFile);

/** Applets that a rootfs must not shadow with busybox's own, because they crash when linked statically. */
const brokenApplets: ReadonlySet<string> = new Set([]);

/** The files of a small root file system around a static busybox: all applets, users, the usual folders. */
export async function busyboxFiles(binary: string): Promise<readonly LayerFile[]> {
  const { stdout } = await run(binary, ['--list']);
  const applets = stdout
    .split('\n')
    .filter((name) => /^[\w.[\]-]+$/.test(name) && name !== 'busybox' && !brokenApplets.has(name));
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'var'].map((path) => ({
      path,
      folder: true as const,
    })),
    { path: 'root', folder: true, mode: 0o700 },
    { path: 'tmp', folder: true, mode: 0o1777 },
    { path: 'var/tmp', folder: true, mode: 0o1777 },
    { path: 'usr/sbin', symlinkTo: '../bin' },
    { path: 'sbin', symlinkTo: 'bin' },
    {
      path: 'etc/passwd',
      content:
        'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
    },
    {
      path: 'etc/group',
      content: 'root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n',
    },
    { path: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
    { path: 'bin/busybox', copyOf: binary, mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: 'bin/busybox' })),
    { path: 'usr/bin/env', symlinkTo: '../../bin/env' },
  ];
}

/** Path of this machine's static busybox. Throws ImageError, naming the package, when there is none. */
export function findBusybox(candidates: readonly string[] = ['/bin/busybox', '/usr/bin/busybox']): string {
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new ImageError(
      'ErrImagePull',
      `no static busybox at ${candidates.join(' or ')} to make the image from: install busybox-static`,
    );
  }
  return found;
}

/** Answers for `busybox:latest` and the usual version tags when Docker Hub can't be reached. */
export function busyboxSource(store: ImageStore): ImageSource {
  return {
    name: 'built-in images',
    repositories: ['docker.io/library/busybox'],
    async provide(reference, signal) {
      const layer = await buildLayer(store, await busyboxFiles(findBusybox()));
      const config = { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] };
      return buildImage(store, [layer], config, (manifest) => namesOf(reference, manifest), signal);
    },
  };
}
