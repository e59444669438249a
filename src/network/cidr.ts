/** Addresses and ranges of both families, as numbers. Pure. */
import { isIPv4, isIPv6 } from 'node:net';

export interface Cidr {
  readonly family: 4 | 6;
  /** The first address. */
  readonly base: bigint;
  /** Prefix length. */
  readonly bits: number;
}

const width = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** The address as a number; undefined when the text is none. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly value: bigint } | undefined {
  if (isIPv4(text)) {
    const value = text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { family: 4, value };
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, value: parseIpv6(text) };
}

export function formatAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  return shortenIpv6(groups);
}

/** `10.0.0.0/8`; host bits are cleared; a bare address is a range of one. Undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.trim().split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || rest.length > 0) return undefined;
  const { family, value } = parsed;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const bits = length === undefined ? width(family) : Number(length);
  if (bits > width(family)) return undefined;
  const shift = BigInt(width(family) - bits);
  return { family, base: (value >> shift) << shift, bits };
}

/** As nft writes it: a range of one address without its length. */
export function formatCidr({ family, base, bits }: Cidr): string {
  const address = formatAddress(family, base);
  return bits === width(family) ? address : `${address}/${bits}`;
}

/** `nthAddress('10.96.0.0/16', 1)` is `10.96.0.1`. Throws when the text is no range. */
export function nthAddress(range: string, n: number): string {
  const parsed = parseCidr(range);
  if (parsed === undefined) throw new Error(`${range} is no range of addresses`);
  return formatAddress(parsed.family, parsed.base + BigInt(n));
}

export function sizeOf({ family, bits }: Cidr): bigint {
  return 1n << BigInt(width(family) - bits);
}

/** Whether all of `inner` is in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.bits > inner.bits) return false;
  const shift = BigInt(width(outer.family) - outer.bits);
  return inner.base >> shift === outer.base >> shift;
}

/** Whether two ranges have addresses in common. Texts that are no ranges have none. */
export function overlap(a: string, b: string): boolean {
  const [one, two] = [parseCidr(a), parseCidr(b)];
  return one !== undefined && two !== undefined && (contains(one, two) || contains(two, one));
}

/** Without the ranges that others contain. */
export function withoutContained(ranges: readonly Cidr[]): readonly Cidr[] {
  const sorted = [...ranges].sort((a, b) => a.bits - b.bits);
  const kept: Cidr[] = [];
  for (const range of sorted) if (!kept.some((outer) => contains(outer, range))) kept.push(range);
  return kept;
}

/** What is left of `range` without `holes`, as few ranges as can be. */
export function subtract(range: Cidr, holes: readonly Cidr[]): readonly Cidr[] {
  if (holes.some((hole) => contains(hole, range))) return [];
  const inside = holes.filter((hole) => contains(range, hole));
  if (inside.length === 0) return [range];
  const bits = range.bits + 1;
  const half = { family: range.family, base: range.base, bits };
  const other = { ...half, base: range.base + sizeOf(half) };
  return [...subtract(half, inside), ...subtract(other, inside)];
}

function parseIpv6(text: string): bigint {
  // The last 32 bits may be written as an IPv4 address.
  const mapped = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = mapped?.[2] === undefined ? undefined : (parseAddress(mapped[2])?.value ?? 0n);
  const whole =
    low === undefined ? text : `${mapped?.[1] ?? ''}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = whole.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function shortenIpv6(groups: readonly string[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
