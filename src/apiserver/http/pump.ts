/** Writes many small pieces as few large ones, giving way to other requests and to a slow reader in between. */
import type { Outlet } from './exchange.ts';

/** About a third of a millisecond of copying and encrypting. */
const batchSize = 128 * 1024;

/** Resolves when everything is handed over, or the reader has gone. Does not end the outlet. */
export async function pump(pieces: Iterable<string | Uint8Array>, out: Outlet): Promise<void> {
  for (const batch of batches(pieces)) {
    if (out.closed) return;
    if (batch.length > 0 && !out.write(batch, () => recycle(batch))) await out.drained();
    await turn();
  }
}

/**
 * Buffers to be filled again. Fresh ones for every list would be memory outside the heap that grows by megabytes, and
 * the collector would go through all objects of the cluster to get it back.
 */
const spare: Buffer[] = [];
const mostSpare = 16;

/** Takes a batch back that nobody reads any more. */
export function recycle(batch: Uint8Array): void {
  const { buffer } = batch;
  if (spare.length < mostSpare && buffer.byteLength === batchSize) spare.push(Buffer.from(buffer));
}

const freshBatch = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(batchSize);

/** How many empty pieces, each a sign of work done, make a pause. */
const perPause = 40;
const pause = new Uint8Array();

/** The pieces copied together into batches. An empty batch is a pause in a computation that has nothing to show yet. */
export function* batches(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array, undefined> {
  let batch = freshBatch();
  let size = 0;
  let silent = 0;
  for (const piece of pieces) {
    if (piece.length === 0) {
      if ((silent += 1) % perPause === 0) yield pause;
      continue;
    }
    // UTF-8 takes at most three bytes for a unit of a text.
    const room = typeof piece === 'string' ? piece.length * 3 : piece.length;
    if (size + room > batch.length) {
      if (size > 0) yield batch.subarray(0, size);
      batch = room > batchSize ? Buffer.allocUnsafeSlow(room) : freshBatch();
      size = 0;
    }
    if (typeof piece === 'string') size += batch.write(piece, size);
    else {
      batch.set(piece, size);
      size += piece.length;
    }
  }
  if (size > 0) yield batch.subarray(0, size);
  return undefined;
}

/** Lets other requests have their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
