import { describe, expect, test } from 'vitest';
import { formatReference, parseReference } from './reference.ts';

const hex = 'a'.repeat(64);

describe('image names', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['kuar-demo/kuard-amd64:blue', 'docker.io/kuar-demo/kuard-amd64:blue'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
    ['gcr.io/kuar-demo/kuard-amd64:1', 'gcr.io/kuar-demo/kuard-amd64:1'],
    [`quay.io/a/b@sha256:${hex}`, `quay.io/a/b@sha256:${hex}`],
    [`a:b@sha256:${hex}`, `docker.io/library/a:b@sha256:${hex}`],
    ['a__b/c-d.e', 'docker.io/a__b/c-d.e:latest'],
    ['[::1]:5000/x', '[::1]:5000/x:latest'],
  ])('%s is %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  test.each([
    ['', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
    ['docker.io/Foo/bar:x', 'invalid reference format: repository name (Foo/bar) must be lowercase'],
    ['a//b', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a@sha256:abcd', 'invalid reference format'],
    [`a@sha256:${'a'.repeat(63)}`, 'invalid checksum digest length'],
    [`a@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    ['a'.repeat(256), 'invalid reference format: repository name must not be more than 255 characters'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parseReference(text)).toThrow(message);
  });
});
