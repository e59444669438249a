import { describe, expect, test } from 'vitest';
import { faultMessage } from '../../schema/fault.ts';
import {
  addressFaults,
  addressWarnings,
  canonicalAddressComplaints,
  canonicalCidrFaults,
  cidrFaults,
  cidrWarnings,
  contains,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  specialAddressFaults,
} from './addresses.ts';

const messages = (faults: readonly Parameters<typeof faultMessage>[0][]): string[] => faults.map(faultMessage);

/** Examples of RFC 5952 and of Go's net package. */
describe('addresses are written canonically', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['010.001.2.3', '10.1.2.3'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    '1:2:3',
    '::1::',
    'fe80::1%eth0',
    '12345::',
    '1.2.3.4:80',
    ':1:2:3:4:5:6:7',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined());
});

/** Upstream: apimachinery pkg/util/validation/ip_test.go. */
describe('faults and warnings', () => {
  test('old fields accept leading zeros and mapped addresses, with a warning', () => {
    expect(addressFaults('x', '010.002.003.004')).toEqual([]);
    expect(addressWarnings('x', '010.002.003.004')).toEqual([
      'x: non-standard IP address "010.002.003.004" will be considered invalid in a future Kubernetes release: use "10.2.3.4"',
    ]);
    expect(addressWarnings('x', '2001:db8:0:0:0:0:0:1')).toEqual([
      'x: IPv6 address "2001:db8:0:0:0:0:0:1" should be in RFC 5952 canonical format ("2001:db8::1")',
    ]);
    expect(messages(addressFaults('x', 'nonsense'))).toEqual([
      'x: Invalid value: "nonsense": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });

  test('new fields take the canonical form only', () => {
    expect(canonicalAddressComplaints('10.2.3.4')).toEqual([]);
    expect(canonicalAddressComplaints('010.2.3.4')).toEqual(['must not have leading 0s']);
    expect(canonicalAddressComplaints('::ffff:1.2.3.4')).toEqual(['must not be an IPv4-mapped IPv6 address']);
    expect(canonicalAddressComplaints('2001:DB8::1')).toEqual(['must be in canonical form ("2001:db8::1")']);
    expect(messages(canonicalCidrFaults('x', '10.0.0.1/8'))).toEqual([
      'x: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
    ]);
    expect(messages(canonicalCidrFaults('x', '10.0.0.0/08'))).toEqual([
      'x: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length',
    ]);
    expect(messages(canonicalCidrFaults('x', 'FD00::/64'))).toEqual([
      'x: Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")',
    ]);
  });

  test('CIDRs', () => {
    expect(cidrFaults('x', '10.0.0.1/8')).toEqual([]);
    expect(messages(cidrFaults('x', '10.0.0.0/33'))).toEqual([
      'x: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    expect(cidrWarnings('x', '192.168.1.5/24')).toEqual([
      'x: CIDR value "192.168.1.5/24" is ambiguous in this context (should be "192.168.1.0/24" or "192.168.1.5/32"?)',
    ]);
    const wide = parseCidr('10.1.0.0/12');
    const inner = parseAddress('10.5.6.7');
    expect(wide && formatCidr(wide)).toBe('10.0.0.0/12');
    expect(wide && inner && contains(wide, inner)).toBe(true);
  });

  test('special addresses', () => {
    expect(messages(specialAddressFaults('x', '127.0.0.1'))).toEqual([
      'x: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ]);
    expect(messages(specialAddressFaults('x', '0.0.0.0'))).toEqual([
      'x: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
    ]);
    expect(specialAddressFaults('x', '10.0.0.1')).toEqual([]);
  });
});
