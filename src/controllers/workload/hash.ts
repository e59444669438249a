const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name for a value, without vowels: FNV-1a of its JSON, 32 bits. Collisions with foreign names count in. */
export function shortHash(value: unknown, collisions = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${JSON.stringify(value)}${collisions === 0 ? '' : collisions}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

/** A number, or a share of `of` such as `25%`. */
export function amountOf(value: number | string, of: number, round: (value: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * of) / 100);
}
