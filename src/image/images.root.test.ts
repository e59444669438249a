import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { present } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { Images, type ImagesOptions } from './images.ts';
import { type FakeRegistry, startFakeRegistry, tarOf } from './testing/fake-registry.ts';

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('pulling images', () => {
  let registry: FakeRegistry;
  let folder: string;
  let images: Images;
  const open = (options: Partial<ImagesOptions> = {}): Promise<Images> =>
    Images.open({
      root: join(folder, 'images'),
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      retryDelay: 1,
      ...options,
    });
  const pull = (name: string, auth = [] as readonly object[]) =>
    images.pullImage(`${registry.host}/${name}`, auth, signal);
  const layers = (): readonly string[] =>
    readdirSync(join(folder, 'images', 'layers')).filter((name) => /^[a-f0-9]{24}$/.test(name));
  const files = (path: string): readonly string[] => readdirSync(join(folder, 'images', path));

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-images-'));
    registry = await startFakeRegistry();
    images = await open();
  });
  afterEach(async () => {
    await images.close();
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an index leads to the manifest of this platform; layers are unpacked for overlayfs', async () => {
    await registry.add('a', '1', [
      [
        { name: 'etc/', type: 'directory' },
        { name: 'etc/x', content: 'lower' },
      ],
      [
        { name: 'etc/.wh.x' },
        { name: 'var/', type: 'directory' },
        { name: 'var/.wh..wh..opq' },
        { name: 'var/y', content: 'y' },
      ],
    ]);
    const result = await pull('a:1');
    expect(result.ref).toMatch(new RegExp(`^${registry.host}/a@sha256:[a-f0-9]{64}$`));
    const info = present(await images.imageStatus(`${registry.host}/a:1`), 'image');
    expect(info).toMatchObject({ id: result.id, repoTags: [`${registry.host}/a:1`], repoDigests: [result.ref] });
    const { layers: names, release } = await images.store.acquire(result.id, signal);
    const [lower = '', upper = ''] = names.map((name) => join(images.store.layers.root, name));
    expect(readFileSync(join(lower, 'etc/x'), 'utf8')).toBe('lower');
    expect(lstatSync(join(upper, 'etc/x')).isCharacterDevice()).toBe(true);
    expect(statSync(join(upper, 'etc/x')).rdev).toBe(0);
    release();
  });

  test('pulling again costs a look at the manifest, and the next process knows the image', async () => {
    await registry.add('a', '1', [[{ name: 'f', content: 'x' }]]);
    const first = await pull('a:1');
    registry.requests.length = 0;
    await images.close();
    images = await open();
    expect(await pull('a:1')).toEqual(first);
    expect(registry.requests.filter((request) => request.includes('/blobs/'))).toEqual([]);
  });

  test('a shared layer is fetched and unpacked once, also by pulls at the same time, and kept while it is needed', async () => {
    const shared = [{ name: 'shared', content: 'x'.repeat(1000) }];
    await registry.add('a', '1', [shared, [{ name: 'a', content: 'a' }]]);
    await registry.add('b', '1', [shared, [{ name: 'b', content: 'b' }]]);
    await Promise.all([pull('a:1'), pull('b:1'), pull('a:1')]);
    const blobs = registry.requests.filter((request) => request.includes('/blobs/'));
    expect(new Set(blobs.map((request) => request.split('/').at(-1))).size).toBe(blobs.length);
    expect(layers()).toHaveLength(3);
    await images.removeImage(`${registry.host}/a:1`);
    expect(layers()).toHaveLength(2);
    const b = present(await images.imageStatus(`${registry.host}/b:1`), 'b');
    const held = await images.store.acquire(b.id, signal);
    await images.removeImage(b.id);
    expect(layers()).toHaveLength(2);
    held.release();
    await images.store.collect();
    expect(layers()).toHaveLength(0);
    expect(files('blobs/sha256')).toEqual([]);
  });

  test('a transfer that breaks off goes on where it stopped', async () => {
    const manifest = await registry.add('a', '1', [
      [{ name: 'big', content: String(Array.from({ length: 5000 }, (_, index) => index * 7919)) }],
    ]);
    const [layer = ''] = registry.digestsOf(manifest);
    registry.breakOff(layer, 2000);
    await pull('a:1');
    expect(registry.requests.filter((request) => request.includes(layer)).at(-1)).toMatch(/bytes=\d+-/);
    expect(layers()).toHaveLength(1);
  });

  test('content that is not what its digest says is refused, and nothing stays behind', async () => {
    const manifest = await registry.add('a', '1', [[{ name: 'x', content: 'true' }]]);
    const [layer = ''] = registry.digestsOf(manifest);
    registry.lie(layer, Buffer.from('another'));
    await expect(pull('a:1')).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringMatching(/unexpected EOF|digest mismatch|larger than/),
    });
    expect([layers(), files('ingest')]).toEqual([[], []]);
    expect(await images.listImages()).toEqual([]);
  });

  test.each([
    ['..', [{ name: '../escape', content: 'x' }]],
    [
      'a symbolic link',
      [
        { name: 'a', type: 'symlink', linkname: '/tmp' },
        { name: 'a/escape', content: 'x' },
      ],
    ],
    ['a hard link', [{ name: 'a', type: 'link', linkname: '../../../../etc/passwd' }]],
    ['a hard link to a file of the host', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }]],
  ] as const)('a layer that tries to escape by %s is refused', async (_how, entries) => {
    await registry.add('evil', '1', [entries]);
    await expect(pull('evil:1')).rejects.toMatchObject({
      reason: 'ErrImagePull',
      message: expect.stringMatching(/outside|Cannot hard link/),
    });
    expect([layers(), files('layers'), existsSync('/tmp/escape')]).toEqual([[], [], false]);
  });

  test('a truncated layer is refused', async () => {
    const bytes = (await tarOf([{ name: 'f', content: 'x'.repeat(5000) }])).subarray(0, 2000);
    const archive = await tarOf([
      { name: 'layer.tar', content: bytes.toString('latin1') },
      {
        name: 'config.json',
        content: JSON.stringify({ config: {}, rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }),
      },
      {
        name: 'manifest.json',
        content: JSON.stringify([{ Config: 'config.json', RepoTags: ['x:1'], Layers: ['layer.tar'] }]),
      },
    ]);
    await expect(images.load(Readable.from([archive]), signal)).rejects.toThrow(/cannot load image archive/);
    expect(layers()).toEqual([]);
  });

  test('a registry that falls silent is given up after the bound', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'slow' }]]);
    registry.stall = true;
    await images.close();
    images = await open({ idleTimeout: 50 });
    await expect(pull('a:1')).rejects.toThrow(/(?:nothing|only 10 bytes) received for 0.05 s/);
  });

  test('a pull can be abandoned', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'slow' }]]);
    registry.stall = true;
    const abort = new AbortController();
    const pulling = images.pullImage(`${registry.host}/a:1`, [], abort.signal);
    systemClock.after(100, () => abort.abort(new Error('enough')));
    await expect(pulling).rejects.toThrow('enough');
    await expect.poll(() => files('ingest')).toEqual([]);
  });

  test('a private registry gives a token for the right credentials, of which all are tried', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'secret' }]]);
    registry.requireToken('me', 'pass');
    await expect(pull('a:1')).rejects.toThrow(/pull access denied|authorization failed/);
    await expect(pull('a:1', [{ username: 'me', password: 'wrong' }])).rejects.toThrow(/pull access denied/);
    expect(
      await pull('a:1', [
        { username: 'me', password: 'wrong' },
        { username: 'me', password: 'pass' },
      ]),
    ).toBeDefined();
  });

  test('what is not there, not valid, or not reachable says so in the words users know', async () => {
    await expect(pull('nope:1')).rejects.toThrow(
      `failed to pull and unpack image "${registry.host}/nope:1": failed to resolve reference "${registry.host}/nope:1": ${registry.host}/nope:1: not found`,
    );
    await expect(images.pullImage('UPPER', [], signal)).rejects.toMatchObject({ reason: 'InvalidImageName' });
    await expect(images.pullImage('127.0.0.1:1/a', [], signal)).rejects.toThrow(/connect: connection refused/);
  });

  test('a mirror answers for a registry that cannot be reached, and is named', async () => {
    await registry.add('library/a', '1', [[{ name: 'x', content: 'mirrored' }]]);
    await images.close();
    images = await open({ mirrors: [{ prefix: '127.0.0.1:1/', endpoint: registry.host }] });
    const result = await images.pullImage('127.0.0.1:1/library/a:1', [], signal);
    expect(result).toMatchObject({
      mirror: registry.host,
      ref: expect.stringMatching(/^127\.0\.0\.1:1\/library\/a@sha256:/),
    });
    expect((await images.imageStatus('127.0.0.1:1/library/a:1'))?.id).toBe(result.id);
  });

  test('saved images load again, under their names, as OCI layout and as docker archive', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'x' }]]);
    const { id } = await pull('a:1');
    const chunks: Uint8Array[] = [];
    for await (const chunk of images.save([`${registry.host}/a:1`])) chunks.push(chunk);
    writeFileSync(join(folder, 'a.tar'), Buffer.concat(chunks));
    await images.removeImage(id);
    expect(await images.listImages()).toEqual([]);
    const loaded = await images.load(createReadStream(join(folder, 'a.tar')), signal);
    expect(loaded.map((image) => [image.id, image.repoTags])).toEqual([[id, [`${registry.host}/a:1`]]]);
    await expect(images.load(Readable.from([Buffer.from('rubbish')]), signal)).rejects.toThrow(
      /cannot load image archive/,
    );
  });

  test('what was half done when the last process ended is cleaned up at the start', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'x' }]]);
    const { id } = await pull('a:1');
    await images.close();
    const [layer = ''] = layers();
    mkdirSync(join(folder, 'images', 'layers', 'tmp-0123'));
    writeFileSync(join(folder, 'images', 'ingest', 'part'), 'half');
    // Unpacked before a power cut, and not flushed then: it can't be trusted.
    writeFileSync(join(folder, 'images', 'layers', `${layer}.unflushed`), 'another boot');
    images = await open();
    expect([files('layers'), files('ingest')]).toEqual([[], []]);
    const held = await images.store.acquire(id, signal);
    expect(layers()).toEqual([layer]);
    held.release();
  });

  test('a store that is open twice: each sees what the other adds and removes, and spares what it is doing', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'one' }]]);
    await registry.add('b', '1', [[{ name: 'x', content: 'two' }]]);
    const other = await open();
    const { id } = await pull('a:1');
    expect((await other.imageStatus(id))?.id).toBe(id);
    registry.stall = true;
    const abort = new AbortController();
    const pulling = images.pullImage(`${registry.host}/b:1`, [], abort.signal).catch(() => 'abandoned');
    await expect.poll(() => files('ingest')).toHaveLength(1);
    // While one is pulling, the other takes an image away: nothing of the pull is swept.
    const before = files('blobs/sha256').length;
    await other.removeImage(id);
    expect(await images.listImages()).toEqual([]);
    expect(files('blobs/sha256')).toHaveLength(before);
    expect(files('ingest')).toHaveLength(1);
    abort.abort(new Error('enough'));
    expect(await pulling).toBe('abandoned');
    await other.store.collect();
    expect([layers(), files('blobs/sha256')]).toEqual([[], []]);
    await other.close();
  });

  test('what is mounted is in use, whoever mounted it', async () => {
    await registry.add('a', '1', [[{ name: 'x', content: 'one' }], [{ name: 'y', content: 'two' }]]);
    const { id } = await pull('a:1');
    const target = join(folder, 'mounted');
    mkdirSync(target);
    const lower = layers()
      .map((name) => join(images.store.layers.root, name))
      .join(':');
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower}`, target]);
    try {
      await images.removeImage(id);
      expect(layers()).toHaveLength(2);
    } finally {
      execFileSync('umount', [target]);
    }
    await images.store.collect();
    expect(layers()).toEqual([]);
  });
});
