import { describe, expect, test } from 'vitest';
import { AddressesExhaustedError, AddressPool, macOf } from './addresses.ts';

describe('addresses of pods', () => {
  test('the first is the bridge, the last is the broadcast; in turn, and around', () => {
    const pool = new AddressPool('10.1.2.0/29');
    expect(pool.range.gateway).toBe('10.1.2.1');
    const all = Array.from({ length: 5 }, () => pool.allocate());
    expect(all).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6']);
    expect(() => pool.allocate()).toThrow(AddressesExhaustedError);
    pool.release('10.1.2.4');
    expect(pool.allocate()).toBe('10.1.2.4');
  });

  test('an address that was given back rests as long as others are free', () => {
    const pool = new AddressPool('10.1.2.0/24');
    const first = pool.allocate();
    pool.release(first);
    expect(pool.allocate()).not.toBe(first);
  });

  test('what was in use before a restart stays in use', () => {
    const pool = new AddressPool('10.1.2.0/24');
    pool.reserve('10.1.2.2');
    pool.reserve('10.9.9.9');
    expect([pool.allocate(), pool.used]).toEqual(['10.1.2.3', 2]);
  });

  test('IPv6', () => {
    const pool = new AddressPool('fd00:10:244::/64');
    expect(pool.range).toMatchObject({ gateway: 'fd00:10:244::1', version: 6, prefixLength: 64 });
    expect(pool.allocate()).toBe('fd00:10:244::2');
  });

  test.each([
    ['10.1.2.0/31', /too small/],
    ['10.1.2.0', /want ADDRESS\/LENGTH/],
    ['nonsense/8', /nonsense|Invalid/],
    ['10.0.0.0/40', /out of range/],
  ])('%s is no range for pods', (cidr, message) => {
    expect(() => new AddressPool(cidr)).toThrow(message);
  });

  test('the hardware address follows from the address', () => {
    expect(macOf('10.244.0.5')).toBe('0a:58:0a:f4:00:05');
  });
});
