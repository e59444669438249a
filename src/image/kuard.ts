/**
 * The demo application's image, made from this machine's Node: its binary, the libraries it is linked to,
 * a static busybox for shells and tools, and the bundled application. All variants share both layers.
 */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type BuiltLayer, buildImage, buildLayer, type LayerFile } from './build.ts';
import { busyboxFiles, findBusybox } from './busybox.ts';
import type { ImageStore } from './image-store.ts';
import { type ImageSource, namesOf } from './mirror.ts';

export interface KuardOptions {
  readonly store: ImageStore;
  /** The Node to put into the image. */
  readonly node: string;
  /** The application as one CommonJS script. Called once. */
  readonly bundle: () => Promise<string>;
}

const run = promisify(execFile);
const variants: ReadonlySet<string> = new Set(['blue', 'green', 'purple', '1', '2', '3']);
const nodePath = 'usr/local/bin/node';

/** Answers for kuar-demo/kuard-amd64 and gcr.io/kuar-demo/kuard-amd64 when their registries can't be reached or haven't got it. */
export function kuardSource(options: KuardOptions): ImageSource {
  const { store } = options;
  let layers: Promise<readonly BuiltLayer[]> | undefined;
  return {
    name: 'built-in images',
    repositories: ['docker.io/kuar-demo/kuard-amd64', 'gcr.io/kuar-demo/kuard-amd64'],
    async provide(reference, signal) {
      const variant = reference.tag ?? '';
      if (!variants.has(variant)) return undefined;
      layers ??= buildLayers(options);
      layers.catch(() => (layers = undefined));
      const built = await layers;
      const missing = await Promise.all(built.map((layer) => store.blobs.size(layer.digest)));
      if (missing.includes(undefined)) layers = buildLayers(options);
      const config = {
        Cmd: ['/kuard'],
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', `KUARD_VARIANT=${variant}`],
        Labels: { 'org.opencontainers.image.title': 'kuard', 'org.opencontainers.image.version': variant },
      };
      return buildImage(store, await layers, config, (manifest) => namesOf(reference, manifest), signal);
    },
  };
}

async function buildLayers({ store, node, bundle }: KuardOptions): Promise<readonly BuiltLayer[]> {
  const [base, libraries, script] = await Promise.all([busyboxFiles(findBusybox()), librariesOf(node), bundle()]);
  const files: LayerFile[] = [
    ...base,
    ...foldersOf(['usr/local/bin/node', ...libraries.map((path) => path.slice(1))], base),
    ...(await Promise.all(libraries.map(async (path) => ({ path: path.slice(1), copyOf: await realpath(path) })))),
    { path: nodePath, copyOf: await realpath(node) },
  ];
  const application = Buffer.from(`#!/${nodePath}\n${script}`);
  return [
    await buildLayer(store, files),
    await buildLayer(store, [{ path: 'kuard', content: application, mode: 0o755 }]),
  ];
}

/** Paths by which the binary finds its libraries and its loader. */
async function librariesOf(binary: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [binary]);
  const paths = stdout.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** The folders above the files that aren't there yet, upper ones first. */
function foldersOf(paths: readonly string[], present: readonly LayerFile[]): readonly LayerFile[] {
  const known = new Set(present.map((file) => file.path));
  const wanted = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
      if (!known.has(folder)) wanted.add(folder);
  }
  return [...wanted].toSorted().map((path) => ({ path, folder: true }));
}
