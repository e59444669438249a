/** Images may fill the disk of the node, but not to the last byte: everything else on it needs some, too. */
import { statfs } from 'node:fs/promises';
import { ContentError } from './manifest.ts';

/** Part of the disk that images leave free. */
const reserve = 0.02;
const mostReserved = 1024 ** 3;

/** Throws ContentError when so many bytes more would leave less than the reserve on the disk of `folder`. */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const { bsize, blocks, bavail } = await statfs(folder);
  const free = bavail * bsize - Math.min(mostReserved, blocks * bsize * reserve);
  if (bytes <= free) return;
  throw new ContentError(
    `${what} does not fit on the disk of ${folder}: ${Math.max(0, Math.floor(free))} bytes are free for images`,
  );
}
