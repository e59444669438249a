/** IPv4 ranges as numbers: which addresses a range has, and which of them are handed out by themselves. */
import { contains, parseAddress, parseCidr, type Cidr } from '../../api/rules/addresses.ts';

export interface AddressRange {
  readonly cidr: string;
  readonly parsed: Cidr;
  /** The network's own address as a number. */
  readonly base: number;
  /** Addresses that can be given, the network's own and the last one left out. */
  readonly size: number;
  /** How many of the first ones are left to those who ask for one by name, unless all others are taken. */
  readonly reserved: number;
}

/** Throws when the text is not an IPv4 range of at least four addresses. */
export function addressRange(cidr: string): AddressRange {
  const parsed = parseCidr(cidr);
  if (parsed === undefined || parsed.address.family !== 4 || parsed.prefix > 30) {
    throw new Error(`the range of Services must be IPv4 with a prefix of at most 30, not ${cidr}`);
  }
  const size = 2 ** (32 - parsed.prefix) - 2;
  const mask = parsed.prefix === 0 ? 0 : (-1 << (32 - parsed.prefix)) >>> 0;
  const base = (numberOf(parsed.address.bytes) & mask) >>> 0;
  // Upstream's split: between 16 and 256 addresses, a sixteenth of the range.
  const reserved = size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
  return { cidr, parsed, base, size, reserved };
}

/** The address at `offset`, counted from 1. */
export function addressAt({ base }: AddressRange, offset: number): string {
  const value = base + offset;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** Whether the address can be given: in the range, and neither its first nor its last one. */
export function inRange({ parsed, base, size }: AddressRange, address: string): boolean {
  const found = parseAddress(address);
  if (found === undefined || found.family !== 4 || !contains(parsed, found)) return false;
  const offset = numberOf(found.bytes) - base;
  return offset >= 1 && offset <= size;
}

function numberOf(bytes: Uint8Array | readonly number[]): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(-4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
