/** Randomness as a dependency: real in production, seeded in tests and fault runs. */
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

export interface Random {
  /** In [0, 1). */
  next(): number;
  bytes(length: number): Uint8Array;
  uuid(): string;
}

/** Numbers are drawn a thousand at a time: asking the system for each costs more than a name that is made of five. */
const drawn = new Uint32Array(1024);
let used = drawn.length;

export const systemRandom: Random = Object.freeze({
  next: () => {
    if (used === drawn.length) {
      randomFillSync(drawn);
      used = 0;
    }
    const number = drawn[used] ?? 0;
    used += 1;
    return number / 2 ** 32;
  },
  bytes: (length: number) => new Uint8Array(randomBytes(length)),
  uuid: () => randomUUID(),
});

/** Deterministic (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(next() * 256));
  const uuid = (): string => {
    const raw = bytes(16);
    raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
    raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
    const hex = Buffer.from(raw).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  return { next, bytes, uuid };
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** The lower-case suffix that Kubernetes appends to generateName: no vowels, so no words. */
export function nameSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let at = 0; at < length; at += 1) suffix += suffixAlphabet[Math.floor(random.next() * suffixAlphabet.length)];
  return suffix;
}
