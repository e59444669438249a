import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { isLocalAddress, linkMtu } from './machine.ts';

const link = 'coracle-mtu0';
afterEach(() => {
  execFileSync('ip', ['link', 'del', 'dev', link]);
});

test('what fits through the link to other machines follows from the address on it', () => {
  const before = linkMtu();
  execFileSync('ip', ['link', 'add', link, 'mtu', '1400', 'type', 'bridge']);
  execFileSync('ip', ['addr', 'add', '198.51.100.9/32', 'dev', link]);
  execFileSync('ip', ['link', 'set', link, 'up']);
  expect(isLocalAddress('198.51.100.9')).toBe(true);
  expect(linkMtu('198.51.100.9')).toBe(1400);
  expect(linkMtu('198.51.100.10')).toBe(before);
  expect(isLocalAddress('198.51.100.10')).toBe(false);
});
