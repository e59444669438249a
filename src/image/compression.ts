/** Tells gzip, zstd and plain content apart by their first bytes, whatever their media type says. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** The content, uncompressed. Errors of the source and of the decompression surface in the stream. */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const start = await firstBytes(iterator, 4);
  const whole = resumed(start.chunks, iterator);
  const decoder = decoderOf(start.head);
  if (decoder === undefined) {
    yield* whole;
    return;
  }
  const feeding = pipeline(Readable.from(whole, { objectMode: false }), decoder);
  feeding.catch(() => {}); // The decoder is destroyed with the error, which its reader sees.
  yield* decoder as AsyncIterable<Uint8Array>;
  await feeding;
}

function decoderOf(
  head: Buffer,
): ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress> | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip({ chunkSize: 256 * 1024 });
  if (head.equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) return createZstdDecompress();
  return undefined;
}

async function firstBytes(
  iterator: AsyncIterator<Uint8Array>,
  count: number,
): Promise<{ head: Buffer; chunks: Uint8Array[] }> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < count;) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    chunks.push(value);
    length += value.length;
  }
  return { head: Buffer.concat(chunks).subarray(0, count), chunks };
}

async function* resumed(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
