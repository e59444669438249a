/**
 * IP addresses and CIDRs in API fields. Old fields are read leniently (leading zeros in IPv4, IPv4 mapped
 * into IPv6) and complain only through warnings; new fields must be in canonical form.
 */
import { invalid, type Fault } from '../../schema/fault.ts';

/** A parsed address: 4 or 16 bytes, and whether today's strict parsers would read it too. */
export interface Address {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  /** Some IPv4 part is written with leading zeros. */
  readonly padded: boolean;
}

export interface Cidr {
  readonly address: Address;
  readonly prefix: number;
  /** The prefix length is written with leading zeros. */
  readonly padded: boolean;
}

export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return { family: 4, bytes, padded: parts.some((part) => part.length > 1 && part.startsWith('0')) };
}

function parseV6(text: string): Address | undefined {
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const v4 = tail === null ? undefined : parseV4(tail[2] ?? '');
  if (tail !== null && v4 === undefined) return undefined;
  const whole = v4 === undefined ? text : `${tail?.[1]}${hexPair(v4.bytes)}`;
  const groups = expandGroups(whole);
  if (groups === undefined) return undefined;
  return { family: 6, bytes: groups.flatMap((group) => [group >> 8, group & 255]), padded: v4?.padded ?? false };
}

function hexPair([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** The eight 16-bit groups of `1:2::8`. */
function expandGroups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => parseInt(group, 16))
    : undefined;
}

/** Whether an IPv6 address only wraps an IPv4 one (`::ffff:10.0.0.1`). */
function isMapped({ family, bytes }: Address): boolean {
  return family === 6 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
}

/** The address as RFC 5952 writes it; a mapped IPv4 address in dotted form. */
export function formatAddress(address: Address): string {
  if (address.family === 4) return address.bytes.join('.');
  if (isMapped(address)) return address.bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((address.bytes[index * 2] ?? 0) << 8) | (address.bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const [start, length] = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== '0') start = index + 1;
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start];
  }
  return best;
}

export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^\d+$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix > address.bytes.length * 8) return undefined;
  return { address, prefix, padded: length.length > 1 && length.startsWith('0') };
}

/** The network of a CIDR: its address with the bits beyond the prefix cleared. */
function network({ address, prefix }: Cidr): Address {
  const bytes = address.bytes.map((byte, index) => byte & maskByte(prefix - index * 8));
  return { ...address, bytes };
}

function maskByte(bits: number): number {
  if (bits >= 8) return 255;
  return bits <= 0 ? 0 : (255 << (8 - bits)) & 255;
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(network(cidr))}/${cidr.prefix}`;
}

/** Whether `address` lies in the network of `cidr`. */
export function contains(cidr: Cidr, address: Address): boolean {
  if (cidr.address.family !== address.family) return false;
  const inside = network({ ...cidr, address });
  return network(cidr).bytes.every((byte, index) => byte === inside.bytes[index]);
}

const badAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const badCidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** An address in a field that is older than strict parsing. */
export function addressFaults(path: string, value: string): Fault[] {
  return parseAddress(value) === undefined ? [invalid(path, value, badAddress)] : [];
}

/** For an address in a new field: canonical, and nothing that two parsers could read differently. */
export function canonicalAddressComplaints(value: string): readonly string[] {
  const address = parseAddress(value);
  if (address === undefined) return [badAddress];
  const complaints = [
    ...(address.padded ? ['must not have leading 0s'] : []),
    ...(isMapped(address) ? ['must not be an IPv4-mapped IPv6 address'] : []),
  ];
  const canonical = formatAddress(address);
  if (complaints.length > 0 || canonical === value) return complaints;
  return [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** A CIDR in a field that is older than strict parsing. */
export function cidrFaults(path: string, value: string): Fault[] {
  return parseCidr(value) === undefined ? [invalid(path, value, badCidr)] : [];
}

/** A CIDR in a new field. */
export function canonicalCidrFaults(path: string, value: string): Fault[] {
  const cidr = parseCidr(value);
  const complain = (text: string): Fault[] => [invalid(path, value, text)];
  if (cidr === undefined) return complain(badCidr);
  if (cidr.padded || cidr.address.padded) return complain('must not have leading 0s in IP or prefix length');
  if (isMapped(cidr.address)) return complain('must not have an IPv4-mapped IPv6 address');
  if (formatAddress(network(cidr)) !== formatAddress(cidr.address)) {
    return complain('must not have bits set beyond the prefix length');
  }
  const canonical = formatCidr(cidr);
  return canonical === value ? [] : complain(`must be in canonical form (${JSON.stringify(canonical)})`);
}

/** Warnings for an address that is read leniently. */
export function addressWarnings(path: string, value: string): string[] {
  const address = parseAddress(value);
  if (address === undefined) return [];
  const canonical = formatAddress(address);
  if (address.padded || isMapped(address)) {
    return [
      `${path}: non-standard IP address ${JSON.stringify(value)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`,
    ];
  }
  if (canonical === value) return [];
  return [
    `${path}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
  ];
}

/** Warnings for a CIDR that is read leniently. */
export function cidrWarnings(path: string, value: string): string[] {
  const cidr = parseCidr(value);
  if (cidr === undefined) return [];
  const canonical = JSON.stringify(formatCidr(cidr));
  const quoted = JSON.stringify(value);
  const warnings: string[] = [];
  const own = formatAddress(cidr.address);
  if (formatAddress(network(cidr)) !== own) {
    const single = JSON.stringify(`${own}/${cidr.address.bytes.length * 8}`);
    warnings.push(`${path}: CIDR value ${quoted} is ambiguous in this context (should be ${canonical} or ${single}?)`);
  }
  if (cidr.padded || cidr.address.padded || isMapped(cidr.address)) {
    warnings.push(
      `${path}: non-standard CIDR value ${quoted} will be considered invalid in a future Kubernetes release: use ${canonical}`,
    );
  }
  if (warnings.length === 0 && JSON.stringify(`${own}/${cidr.prefix}`) !== quoted) {
    warnings.push(`${path}: IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format (${canonical})`);
  }
  return warnings;
}

/** Addresses that no endpoint may have: unspecified, loopback, link-local. */
export function specialAddressFaults(path: string, value: string): Fault[] {
  const address = parseAddress(value);
  if (address === undefined) return [];
  const within = (...cidrs: readonly string[]): boolean =>
    cidrs.some((text) => {
      const cidr = parseCidr(text);
      return cidr !== undefined && contains(cidr, address);
    });
  const rules: readonly (readonly [boolean, string])[] = [
    [address.bytes.every((byte) => byte === 0), `may not be unspecified (${value})`],
    [within('127.0.0.0/8', '::1/128'), 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    [within('169.254.0.0/16', 'fe80::/10'), 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    [within('224.0.0.0/24', 'ff02::/16'), 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ];
  return rules.filter(([broken]) => broken).map(([, text]) => invalid(path, value, text));
}
