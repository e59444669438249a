/**
 * The images that the suite's tests use, made from Debian's packages and from programs of the suite's own source, as
 * their registries may be out of reach. They do what the tests want of them, under the names that the tests use.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { saveArchive } from '../../src/image/archive.ts';
import { type BuiltLayer, buildImage, buildLayer, type LayerFile } from '../../src/image/build.ts';
import { busyboxFiles, findBusybox } from '../../src/image/busybox.ts';
import { ImageStore } from '../../src/image/image-store.ts';
import { namesOf } from '../../src/image/mirror.ts';
import type { ImageConfig } from '../../src/image/manifest.ts';
import { parseReference } from '../../src/image/reference.ts';
import { debianMirror, debianRelease } from './source.ts';
import { runTool, step } from '../support/tools.ts';
import type { Workplace } from './workplace.ts';

/** Layers by name: a tar that is there, or files. */
export type Layers = Readonly<Record<string, { readonly tar: string } | readonly LayerFile[]>>;

export interface TestImage {
  readonly name: string;
  /** Of the layers, lowest first. */
  readonly layers: readonly string[];
  readonly config: NonNullable<ImageConfig['config']>;
}

const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const testRegistry = 'gcr.io/kubernetes-e2e-test-images';

const webServer = (name: string): TestImage => ({
  name: `docker.io/library/${name}`,
  layers: ['busybox', 'page'],
  config: {
    // Tests roll from one version to the other: they must be different images.
    Env: [...environment, `IMAGE=${name}`],
    Cmd: ['/bin/httpd', '-f', '-p', '80', '-h', '/usr/local/apache2/htdocs'],
    // busybox' httpd does not heed SIGTERM as process 1, and those that it stands for do: rollouts would take minutes.
    StopSignal: 'SIGKILL',
  },
});

const pet = (name: string): TestImage => ({
  name: `${testRegistry}/${name}:1.0`,
  layers: ['agnhost', name],
  config: { Env: environment, Entrypoint: ['/agnhost', 'test-webserver'] },
});

/** Names and versions are those of v1.20's test/utils/image/manifest.go. */
export const testImages: readonly TestImage[] = [
  {
    name: 'k8s.gcr.io/e2e-test-images/agnhost:2.21',
    layers: ['debian', 'agnhost', 'nsenter'],
    config: {
      Env: environment,
      Entrypoint: ['/agnhost'],
      Cmd: ['pause'],
    },
  },
  {
    name: 'k8s.gcr.io/pause:3.2',
    layers: ['agnhost'],
    config: { Env: environment, Entrypoint: ['/agnhost', 'pause'] },
  },
  { name: 'docker.io/library/busybox:1.29', layers: ['busybox'], config: { Env: environment, Cmd: ['sh'] } },
  webServer('httpd:2.4.38-alpine'),
  webServer('httpd:2.4.39-alpine'),
  webServer('nginx:1.14-alpine'),
  webServer('nginx:1.15-alpine'),
  pet('nautilus'),
  pet('kitten'),
  {
    name: `${testRegistry}/jessie-dnsutils:1.0`,
    layers: ['debian', 'agnhost'],
    config: { Env: environment, Cmd: ['sleep', '100000'] },
  },
  {
    name: `${testRegistry}/nonroot:1.0`,
    layers: ['debian', 'agnhost'],
    config: { Env: environment, User: '1234', Entrypoint: ['/agnhost', 'pause'] },
  },
  {
    name: `${testRegistry}/nonewprivs:1.0`,
    layers: ['nonewprivs'],
    config: { Env: environment, Entrypoint: ['/nnp'] },
  },
  {
    name: `${testRegistry}/resource-consumer:1.5`,
    layers: ['debian', 'consumer'],
    config: { Env: environment, Entrypoint: ['/consumer'] },
  },
  {
    name: `${testRegistry}/regression-issue-74839-amd64:1.0`,
    layers: ['connection-reset'],
    config: { Env: environment, Entrypoint: ['/regression-issue-74839'] },
  },
];

/**
 * Tests enter a node's mount namespace as that of process 1. Where several nodes are on one machine, that is none of
 * theirs, and it may be out of reach: the node's is that of the container's monitor, the nearest ancestor outside.
 */
const nodeNamespace = `#!/bin/sh
if [ "$1" != --mount=/rootfs/proc/1/ns/mnt ]; then exec /usr/bin/nsenter "$@"; fi
shift
own=$(readlink /proc/self/ns/mnt)
process=self
while [ "$process" != 0 ]; do
  namespace=$(readlink "/rootfs/proc/$process/ns/mnt")
  if [ -n "$namespace" ] && [ "$process" != self ] && [ "$namespace" != "$own" ]; then
    exec /usr/bin/nsenter "--mount=/rootfs/proc/$process/ns/mnt" "$@"
  fi
  while read -r key value; do
    if [ "$key" = PPid: ]; then parent=$value; fi
  done <"/rootfs/proc/$process/status"
  process=$parent
done
echo "nsenter: found no process of the node" >&2
exit 1
`;

/** Makes the archive of all test images, when there is none or when it is of other ingredients. */
export async function ensureImages(place: Workplace): Promise<void> {
  await ensureRootFileSystem(place);
  const { agnhost, noNewPrivileges, resourceConsumer, consumeCpu, connectionReset, rootFileSystem } = place;
  const programs = [agnhost, noNewPrivileges, resourceConsumer, consumeCpu, connectionReset];
  const inputs = [...programs, rootFileSystem, findBusybox(), import.meta.filename];
  const stamp = await fingerprint(inputs);
  const stampFile = `${place.images}.stamp`;
  if (existsSync(place.images) && existsSync(stampFile) && (await readFile(stampFile, 'utf8')) === stamp) return;
  await step('making the test images', async () => {
    await rm(stampFile, { force: true });
    await writeImages(
      await layersOf(place),
      testImages,
      `${place.images}.new`,
      join(place.folder, 'image-store'),
      place.signal,
    );
    await rename(`${place.images}.new`, place.images);
    await writeFile(stampFile, stamp);
  });
}

/** What tells that a file was replaced, without reading hundreds of megabytes. */
async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function layersOf(place: Workplace): Promise<Layers> {
  const certificates = join(place.source, 'test', 'images', 'agnhost', 'porter');
  const folders = (...paths: readonly string[]): readonly LayerFile[] => paths.map((path) => ({ path, folder: true }));
  const image = (name: string): readonly LayerFile[] => [
    { path: 'data.json', content: JSON.stringify({ image: `${name}.jpg` }) },
    { path: 'index.html', content: name },
  ];
  return {
    debian: { tar: place.rootFileSystem },
    busybox: await busyboxFiles(findBusybox()),
    agnhost: [
      ...folders('uploads'),
      { path: 'localhost.crt', copyOf: join(certificates, 'localhost.crt'), mode: 0o644 },
      { path: 'localhost.key', copyOf: join(certificates, 'localhost.key'), mode: 0o600 },
      { path: 'agnhost', copyOf: place.agnhost },
      { path: 'agnhost-2', symlinkTo: 'agnhost' },
      { path: 'pause', symlinkTo: 'agnhost' },
    ],
    page: [
      // Debian's busybox has none.
      { path: 'bin/printenv', content: '#!/bin/sh\neval "echo \\"\\$$1\\""\n', mode: 0o755 },
      ...folders('usr/local', 'usr/local/apache2', 'usr/local/apache2/htdocs'),
      { path: 'usr/local/apache2/htdocs/index.html', content: '<html><body><h1>It works!</h1></body></html>\n' },
    ],
    nautilus: image('nautilus'),
    kitten: image('kitten'),
    nsenter: [
      ...folders('usr', 'usr/local', 'usr/local/sbin'),
      { path: 'usr/local/sbin/nsenter', content: nodeNamespace, mode: 0o755 },
    ],
    consumer: [
      { path: 'consumer', copyOf: place.resourceConsumer },
      ...folders('consume-cpu'),
      { path: 'consume-cpu/consume-cpu', copyOf: place.consumeCpu },
    ],
    'connection-reset': [{ path: 'regression-issue-74839', copyOf: place.connectionReset }],
    // Set-user-ID is what the test is about.
    nonewprivs: [{ path: 'nnp', copyOf: place.noNewPrivileges, mode: 0o4755 }],
  };
}

/** Writes one archive of all images, as `coracle image load` and others read it. `scratch` is used meanwhile. */
export async function writeImages(
  layers: Layers,
  images: readonly TestImage[],
  target: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  await rm(scratch, { recursive: true, force: true });
  const store = await ImageStore.open({ root: scratch, clock: systemClock, random: systemRandom, log: silentLogger });
  try {
    await store.adding(async () => {
      const built = new Map<string, BuiltLayer>();
      const used = new Set(images.flatMap((image) => image.layers));
      for (const name of used) built.set(name, await builtLayer(store, name, layers[name]));
      for (const { name, layers: names, config } of images) {
        const own = names.map((each) => built.get(each)).filter((layer) => layer !== undefined);
        await buildImage(store, own, config, (manifest) => namesOf(parseReference(name), manifest), signal);
      }
    });
    const names = images.map(({ name }) => name);
    await pipeline(saveArchive(store, names), createWriteStream(target), { signal });
  } finally {
    await store.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function builtLayer(store: ImageStore, name: string, layer: Layers[string] | undefined): Promise<BuiltLayer> {
  if (layer === undefined) throw new Error(`no layer is called ${name}`);
  if (!('tar' in layer)) return buildLayer(store, layer);
  const digest = await store.blobs.put(createReadStream(layer.tar, { highWaterMark: 1024 * 1024 }));
  return { digest, size: (await store.blobs.size(digest)) ?? 0 };
}

/** What tests run in Debian's images: dig, curl, nc, ip, ps. */
const included = [
  'bind9-dnsutils',
  'ca-certificates',
  'curl',
  'iproute2',
  'net-tools',
  'netcat-openbsd',
  'procps',
  'wget',
];

/** A small Debian as a tar. */
async function ensureRootFileSystem({ folder, rootFileSystem, logs, signal }: Workplace): Promise<void> {
  if (existsSync(rootFileSystem)) return;
  const mirror = await debianMirror();
  const root = join(folder, 'debian');
  await step("installing a small Debian for the images' tools (about 150 MB)", async () => {
    await rm(root, { recursive: true, force: true });
    const { name, keyring } = debianRelease;
    // In a mount namespace of its own, so that what debootstrap mounts is gone with it, however it ends.
    const args = ['--mount', '--fork', '--kill-child', 'debootstrap', '--variant=minbase', `--keyring=${keyring}`];
    await runTool('unshare', [...args, `--include=${included.join(',')}`, name, root, mirror], {
      log: join(logs, 'debootstrap.log'),
      signal,
      remedy: "is Debian's package mirror reachable?",
    });
    const left = ['./var/cache/apt/archives', './var/lib/apt/lists', './dev/*'].map((each) => `--exclude=${each}`);
    const reproducible = ['--sort=name', '--numeric-owner'];
    await runTool('tar', ['-C', root, '-cf', `${rootFileSystem}.new`, ...reproducible, ...left, '.'], {
      log: join(logs, 'debian-tar.log'),
      signal,
    });
    await rename(`${rootFileSystem}.new`, rootFileSystem);
    await rm(root, { recursive: true, force: true });
  });
}
