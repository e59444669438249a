/**
 * Unpacks a layer into a folder fit for overlayfs. GNU tar does the writing (it knows extended attributes,
 * device nodes and hard links, and is several times faster than what JavaScript offers); the stream is
 * checked and rewritten on the way to it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { codeOf, messageOf } from '../base/errors.ts';
import { decompressed } from './compression.ts';
import { requireSpace } from './disk-space.ts';
import { type EntryHeader, LayerEntries } from './layer-entries.ts';
import { ContentError } from './manifest.ts';

/** Bytes after which it is asked again whether the disk has room: some kilobytes may unpack to gigabytes. */
const spaceStep = 64 * 1024 * 1024;

export interface UnpackOptions {
  readonly into: string;
  /** Digest that the uncompressed tar must have. */
  readonly diffId: string;
  /** Bytes; the layer is refused when it holds more. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Rejects with ContentError when the layer is not what it should be; the folder's content is then worthless. */
export async function unpackLayer(blob: Readable, options: UnpackOptions): Promise<void> {
  const hash = createHash('sha256');
  const extract = tar.extract();
  const pack = tar.pack();
  const child = startTar(options.into);
  const outcome = tarOutcome(child);
  try {
    await Promise.all([
      pipeline(bounded(decompressed(blob), hash, options), extract, { signal: options.signal }),
      rewrite(extract, pack),
      pipeline(pack, child.stdin ?? new PassThrough(), { signal: options.signal }).catch((error: unknown) => {
        if (codeOf(error) !== 'EPIPE') throw error;
      }),
      outcome,
    ]);
  } catch (error) {
    child.kill('SIGKILL');
    pack.destroy();
    extract.destroy();
    await outcome.catch(() => {});
    throw asContentError(error);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== options.diffId) {
    throw new ContentError(`wrong diff id calculated on extraction: expected ${options.diffId}, got ${digest}`);
  }
}

/** Passes on what the hash gets, too; throws ContentError when it is too much for the layer, or for the disk. */
async function* bounded(
  source: AsyncIterable<Uint8Array>,
  hash: Hash,
  { into, maxBytes }: UnpackOptions,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let next = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ContentError(`layer holds more than ${maxBytes} bytes`);
    if (bytes > next) {
      await requireSpace(into, spaceStep, 'layer');
      next = bytes + spaceStep;
    }
    yield chunk;
  }
}

async function rewrite(extract: tar.Extract, pack: tar.Pack): Promise<void> {
  const entries = new LayerEntries();
  for await (const entry of extract) {
    const header = entries.accept(entry.header as EntryHeader);
    if (header === undefined) {
      entry.resume();
      continue;
    }
    if (header.type !== 'file' && header.type !== 'contiguous-file') {
      entry.resume();
      await written(pack, header);
      continue;
    }
    const sink = pack.entry(header as tar.Header);
    await pipeline(entry, sink);
  }
  pack.finalize();
}

function written(pack: tar.Pack, header: EntryHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    pack.entry({ ...header, size: 0 } as tar.Header, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function startTar(into: string): ChildProcess {
  const flags = ['--extract', '--file=-', '--numeric-owner', '--same-owner', '--same-permissions', '--sparse'];
  const attributes = ['--xattrs', '--xattrs-include=*', '--delay-directory-restore'];
  return spawn('tar', [...flags, ...attributes, '--warning=no-timestamp', `--directory=${into}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
}

/** Resolves when tar has ended well, rejects with its words otherwise. */
async function tarOutcome(child: ChildProcess): Promise<void> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (words.length < 4096) words += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new ContentError(`failed to unpack layer: ${words.trim().split('\n')[0] ?? ''} (tar ended with ${code})`);
}

function asContentError(error: unknown): unknown {
  const code = codeOf(error) ?? '';
  if (
    code.startsWith('Z_') ||
    code.startsWith('ZSTD') ||
    code === 'ERR__ZSTD' ||
    /tar header|Unexpected end of data|Header exceeds|Invalid header/.test(messageOf(error))
  ) {
    return new ContentError(`failed to unpack layer: ${messageOf(error)}`);
  }
  return error;
}
