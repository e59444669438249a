/**
 * A disk with a write cache, as real ones have: what was written and not flushed may be on it after a power cut or not,
 * block by block.
 */

/** What survives. */
export interface Medium {
  readonly size: number;
  read(offset: number, length: number): Buffer;
  write(offset: number, data: Buffer): void;
}

/** Blocks are written whole or not at all, as disks with sectors of this size promise. */
const blockSize = 4096;

export class VolatileDisk {
  readonly #medium: Medium;
  /** By block number. */
  readonly #cache = new Map<number, Buffer>();

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  get size(): number {
    return this.#medium.size;
  }

  /** Blocks that a power cut may lose. */
  get unsafeBlocks(): number {
    return this.#cache.size;
  }

  read(offset: number, length: number): Buffer {
    const result = this.#medium.read(offset, length);
    for (const { block, from, to } of blocksOf(offset, length)) {
      const cached = this.#cache.get(block);
      if (cached !== undefined) cached.copy(result, block * blockSize + from - offset, from, to);
    }
    return result;
  }

  write(offset: number, data: Buffer): void {
    for (const { block, from, to } of blocksOf(offset, data.length)) {
      const start = block * blockSize;
      const cached = this.#cache.get(block) ?? this.#medium.read(start, Math.min(blockSize, this.size - start));
      data.copy(cached, from, start + from - offset, start + to - offset);
      this.#cache.set(block, cached);
    }
  }

  /** All that was written until now survives. */
  flush(): void {
    for (const [block, data] of this.#cache) this.#medium.write(block * blockSize, data);
    this.#cache.clear();
  }

  /** What is not flushed is lost, except for the blocks of which `survives` says that they made it. */
  cut(survives: () => boolean): void {
    for (const [block, data] of this.#cache) if (survives()) this.#medium.write(block * blockSize, data);
    this.#cache.clear();
  }
}

interface Part {
  readonly block: number;
  /** Within the block. */
  readonly from: number;
  readonly to: number;
}

function* blocksOf(offset: number, length: number): Generator<Part> {
  const end = offset + length;
  for (let at = offset; at < end;) {
    const block = Math.floor(at / blockSize);
    const from = at - block * blockSize;
    const to = Math.min(blockSize, end - block * blockSize);
    yield { block, from, to };
    at = block * blockSize + to;
  }
}
