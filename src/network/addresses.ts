/**
 * Addresses of a node's pods out of its ranges. Handed out in turn, so that an address rests as long as
 * possible before somebody else gets it. Pure state; the owner persists what is in use.
 */
import { BlockList, isIPv6 } from 'node:net';

/** There is no free address left. */
export class AddressesExhaustedError extends Error {
  override readonly name = 'AddressesExhaustedError';
}

export interface Range {
  readonly cidr: string;
  readonly prefixLength: number;
  readonly version: 4 | 6;
  /** The bridge's own address: the range's first. */
  readonly gateway: string;
}

export class AddressPool {
  readonly range: Range;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #used = new Set<bigint>();
  #next: bigint;

  /** `most`: leave the range's addresses after so many to somebody else. */
  constructor(cidr: string, most?: number) {
    const { base, bits, prefixLength } = parseCidr(cidr);
    const size = 1n << BigInt(bits - prefixLength);
    if (size < 4n) throw new RangeError(`${cidr} is too small for pods`);
    this.#first = base + 2n;
    // The last IPv4 address is the broadcast's; a range of more than 2^24 need not be walked to its end.
    const last = base + (size > 1n << 24n ? 1n << 24n : size) - 2n;
    this.#last = most === undefined || this.#first + BigInt(most) > last ? last : this.#first + BigInt(most) - 1n;
    this.#next = this.#first;
    const version = bits === 32 ? 4 : 6;
    this.range = { cidr, prefixLength, version, gateway: formatAddress(base + 1n, version) };
  }

  get used(): number {
    return this.#used.size;
  }

  allocate(): string {
    if (BigInt(this.#used.size) > this.#last - this.#first) {
      throw new AddressesExhaustedError(`no free address in ${this.range.cidr}: ${this.#used.size} are in use`);
    }
    while (this.#used.has(this.#next)) this.#advance();
    const chosen = this.#next;
    this.#used.add(chosen);
    this.#advance();
    return formatAddress(chosen, this.range.version);
  }

  /** Marks an address as in use, after a restart. */
  reserve(address: string): void {
    const value = parseAddress(address);
    if (value < this.#first || value > this.#last) return;
    this.#used.add(value);
    this.#next = value;
    this.#advance();
  }

  release(address: string): void {
    this.#used.delete(parseAddress(address));
  }

  #advance(): void {
    this.#next = this.#next >= this.#last ? this.#first : this.#next + 1n;
  }
}

/** The MAC address that belongs to an address: neighbours' caches stay right when an address changes hands. */
export function macOf(address: string): string {
  const low = parseAddress(address) & 0xffffffffn;
  const octets = [24n, 16n, 8n, 0n].map((shift) => ((low >> shift) & 0xffn).toString(16).padStart(2, '0'));
  return `0a:58:${octets.join(':')}`;
}

function parseCidr(cidr: string): { base: bigint; bits: number; prefixLength: number } {
  const [address = '', length = ''] = cidr.split('/');
  if (!/^\d+$/.test(length)) throw new RangeError(`${cidr} is no range of addresses: want ADDRESS/LENGTH`);
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const bits = family === 'ipv6' ? 128 : 32;
  const prefixLength = Number(length);
  new BlockList().addSubnet(address, prefixLength, family); // Throws for what is no range.
  const hostBits = BigInt(bits - prefixLength);
  return { base: (parseAddress(address) >> hostBits) << hostBits, bits, prefixLength };
}

function parseAddress(address: string): bigint {
  if (!isIPv6(address)) return address.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatAddress(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const text = groups.join(':');
  const longest = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length)[0];
  if (longest === undefined) return text;
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}
