import { expect, test } from 'vitest';
import { mirrorOf } from './source.ts';

test("finds the mirror among the machine's own sources", () => {
  const targets = [
    'https://example.com/apt/|tools|tools|Example|main',
    'http://mirror.example.org/debian-security/|bookworm-security|bookworm-security|Debian|main',
    'http://mirror.example.org/debian/|oldstable|bookworm|Debian|contrib',
    'http://mirror.example.org/debian/|oldstable|bookworm|Debian|main',
  ];
  expect(mirrorOf(targets.join('\n'))).toBe('http://mirror.example.org/debian/');
});

test('a machine of another release, or without package lists, has none', () => {
  expect(mirrorOf('http://mirror.example.org/debian/|trixie|trixie|Debian|main\n')).toBeUndefined();
  expect(mirrorOf('http://mirror.example.org/debian/|bookworm|$(CODENAME)|$(ORIGIN)|main\n')).toBeUndefined();
  expect(mirrorOf('')).toBeUndefined();
});
