/** Addresses as DNS has them: bytes, dashes, reverse names. */
import { isIPv4, isIPv6 } from 'node:net';

const none = new Uint8Array(0);

/** Four or sixteen bytes; none when the text is no address. */
export function addressBytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text) || text.includes('%')) return none;
  return ipv6Bytes(text);
}

function ipv6Bytes(text: string): Uint8Array {
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high = '0', low = '0'): string => (Number(high) * 256 + Number(low)).toString(16);
  const whole = mapped === null ? text : `${mapped[1]}${hex(mapped[2], mapped[3])}:${hex(mapped[4], mapped[5])}`;
  const [head = '', tail] = whole.split('::');
  const groups = (part: string): readonly number[] =>
    part === '' ? [] : part.split(':').map((each) => parseInt(each, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** As a label: `10-244-0-5`, `fd00--5`. */
export function dashed(ip: string): string {
  return ip.replaceAll(/[.:]/g, '-');
}

/** `5.0.244.10.in-addr.arpa` to `10.244.0.5`; undefined when it is not a whole address. */
export function addressOfReverse(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four !== null) {
    const ip = four.slice(1, 5).toReversed().join('.');
    return isIPv4(ip) ? ip : undefined;
  }
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (six?.[1] === undefined) return undefined;
  const digits = six[1].replaceAll('.', '').split('').toReversed().join('');
  const groups = digits.match(/.{4}/g) ?? [];
  return shorten(groups.map((group) => parseInt(group, 16).toString(16)));
}

/** As the API writes addresses (RFC 5952), so that they can be compared as texts. */
function shorten(groups: readonly string[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
