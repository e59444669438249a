import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  sizeOf,
  subtract,
  withoutContained,
  type Cidr,
} from './cidr.ts';

const range = (text: string): Cidr => parseCidr(text)!;
const texts = (ranges: readonly Cidr[]): readonly string[] => ranges.map(formatCidr);

describe('addresses', () => {
  it.each([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['10.244.0.5', 4, 0x0af40005n],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['fd00::a:0:0:1', 6, 0xfd00000000000000000a000000000001n],
    ['::ffff:10.0.0.1', 6, 0xffff0a000001n],
  ] as const)('%s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  it.each(['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', 'name', '1:2:3'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('come back from their numbers', () => {
    const same = (family: 4 | 6, bits: bigint): void =>
      fc.assert(
        fc.property(fc.bigInt(0n, (1n << bits) - 1n), (value) => {
          expect(parseAddress(formatAddress(family, value))).toEqual({ family, value });
        }),
      );
    same(4, 32n);
    same(6, 128n);
  });

  it('of version 6 are written as RFC 5952 says', () => {
    expect(formatAddress(6, parseAddress('2001:db8:0:0:1:0:0:1')!.value)).toBe('2001:db8::1:0:0:1');
    expect(formatAddress(6, parseAddress('2001:db8:0:1:1:1:1:1')!.value)).toBe('2001:db8:0:1:1:1:1:1');
  });
});

describe('ranges', () => {
  it('lose their host bits, and their length when it is full', () => {
    expect(formatCidr(range('172.30.0.5/16'))).toBe('172.30.0.0/16');
    expect(formatCidr(range('172.30.0.5/32'))).toBe('172.30.0.5');
    expect(parseCidr('10.0.0.0/33')).toBeUndefined();
    expect(parseCidr('10.0.0.0/8/8')).toBeUndefined();
  });

  it('that others contain go', () => {
    expect(texts(withoutContained(['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8', '11.0.0.0/8'].map(range)))).toEqual([
      '10.0.0.0/8',
      '11.0.0.0/8',
    ]);
  });

  it('without holes are as few as can be', () => {
    expect(texts(subtract(range('10.0.0.0/8'), [range('10.0.0.0/9')]))).toEqual(['10.128.0.0/9']);
    expect(texts(subtract(range('10.0.0.0/30'), [range('10.0.0.1')]))).toEqual(['10.0.0.0', '10.0.0.2/31']);
    expect(subtract(range('10.0.0.0/30'), [range('10.0.0.0/8')])).toEqual([]);
  });

  it('without holes have exactly the addresses that are left', () => {
    const small = fc.record({ base: fc.integer({ min: 0, max: 255 }), bits: fc.integer({ min: 24, max: 32 }) });
    fc.assert(
      fc.property(fc.array(small, { maxLength: 5 }), (drafts) => {
        const whole = range('10.0.0.0/24');
        const holes = drafts.map(({ base, bits }) => range(`10.0.0.${base}/${bits}`));
        const rest = subtract(whole, holes);
        for (let host = 0; host < 256; host += 1) {
          const one = range(`10.0.0.${host}`);
          const within = (ranges: readonly Cidr[]): boolean => ranges.some((each) => contains(each, one));
          expect(within(rest)).toBe(!within(holes));
        }
        expect(rest.reduce((sum, each) => sum + sizeOf(each), 0n)).toBeLessThanOrEqual(256n);
      }),
    );
  });
});
