/** The archive of test images, as an image store makes it; unpacking their layers needs root. */
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Layers, type TestImage, writeImages } from './images.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'upstream-images-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  readonly mode: number;
  readonly content: Buffer;
}

async function entriesOf(archive: NodeJS.ReadableStream): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of archive.pipe(tar.extract())) {
    entries.set(entry.header.name, { mode: entry.header.mode ?? 0, content: await buffer(entry) });
  }
  return entries;
}

const images: readonly TestImage[] = [
  { name: 'registry.example/one:1', layers: ['base', 'program'], config: { Entrypoint: ['/program'] } },
  { name: 'registry.example/two:2', layers: ['base'], config: { User: '1234' } },
];

/** A tar with one file `etc/os-release`, as what stands in for Debian. */
async function baseTar(): Promise<string> {
  const pack = tar.pack();
  pack.entry({ name: 'etc/', type: 'directory' });
  pack.entry({ name: 'etc/os-release' }, 'ID=debian\n');
  pack.finalize();
  const path = join(folder, 'base.tar');
  writeFileSync(path, await buffer(pack));
  return path;
}

test('holds each image with its name, configuration and layers, and leaves nothing behind', async () => {
  const layers: Layers = {
    base: { tar: await baseTar() },
    program: [{ path: 'program', content: 'run', mode: 0o4755 }],
  };
  const target = join(folder, 'images.tar');
  const scratch = join(folder, 'scratch');
  await writeImages(layers, images, target, scratch, new AbortController().signal);
  expect(existsSync(scratch)).toBe(false);

  const files = await entriesOf(createReadStream(target));
  const text = (path: string): string => files.get(path)?.content.toString() ?? `${path} is missing`;
  const manifest = JSON.parse(text('manifest.json')) as { Config: string; RepoTags: string[]; Layers: string[] }[];
  expect(manifest.map(({ RepoTags }) => RepoTags)).toEqual([['registry.example/one:1'], ['registry.example/two:2']]);
  const [one, two] = manifest.map(({ Config }) => JSON.parse(text(Config)) as { config: object });
  expect(one?.config).toEqual({ Entrypoint: ['/program'] });
  expect(two?.config).toEqual({ User: '1234' });
  expect(manifest[1]?.Layers).toEqual([manifest[0]?.Layers[0]]);

  const layer = (at: number) => entriesOf(tarOf(files.get(manifest[0]?.Layers[at] ?? '')?.content ?? Buffer.alloc(0)));
  expect((await layer(0)).get('etc/os-release')?.content.toString()).toBe('ID=debian\n');
  expect((await layer(1)).get('program')).toEqual({ mode: 0o4755, content: Buffer.from('run') });
});

function tarOf(content: Buffer): NodeJS.ReadableStream {
  const path = join(folder, 'layer.tar');
  writeFileSync(path, content);
  return createReadStream(path);
}

test('says which layer an image names that is not there', async () => {
  const missing = writeImages(
    {},
    images,
    join(folder, 'images.tar'),
    join(folder, 'scratch'),
    AbortSignal.timeout(9_000),
  );
  await expect(missing).rejects.toThrow('no layer is called base');
  expect(existsSync(join(folder, 'images.tar'))).toBe(false);
});
