import { describe, expect, test } from 'vitest';
import { LayerEntries } from './layer-entries.ts';

describe('entries of a layer', () => {
  test('names are relative to the root, however they are written', () => {
    const entries = new LayerEntries();
    expect(entries.accept({ name: './etc/', type: 'directory' })?.name).toBe('etc');
    expect(entries.accept({ name: '/etc/passwd', type: 'file' })?.name).toBe('etc/passwd');
    expect(
      entries.accept({ name: 'etc/long', type: 'file', pax: { path: '/etc/long', comment: 'kept' } })?.pax,
    ).toEqual({ comment: 'kept' });
  });

  test('what only overlayfs may say of a file is left out; other attributes stay', () => {
    const pax = {
      'SCHILY.xattr.trusted.overlay.redirect': '/etc',
      'SCHILY.xattr.user.overlay.metacopy': 'y',
      'SCHILY.xattr.security.capability': 'c',
    };
    expect(new LayerEntries().accept({ name: 'f', type: 'file', pax })?.pax).toEqual({
      'SCHILY.xattr.security.capability': 'c',
    });
  });

  test('a whiteout becomes a character device 0:0', () => {
    expect(new LayerEntries().accept({ name: 'etc/.wh.passwd', type: 'file' })).toMatchObject({
      name: 'etc/passwd',
      type: 'character-device',
      devmajor: 0,
      devminor: 0,
    });
  });

  test('an opaque mark becomes an attribute of its folder, with what is known of the folder', () => {
    const entries = new LayerEntries();
    entries.accept({ name: 'var/lib/', type: 'directory', mode: 0o700, uid: 7 });
    const marked = entries.accept({ name: 'var/lib/.wh..wh..opq', type: 'file' });
    expect(marked).toMatchObject({
      name: 'var/lib',
      type: 'directory',
      mode: 0o700,
      uid: 7,
      pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y' },
    });
    // And stays there when the folder's own entry comes later.
    expect(entries.accept({ name: 'var/lib/', type: 'directory', mode: 0o755 })?.pax).toEqual({
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
    });
  });

  test.each([
    [[{ name: '../x', type: 'file' }]],
    [[{ name: 'a/../../x', type: 'file' }]],
    [[{ name: 'x', type: 'link', linkname: '../etc/passwd' }]],
    [[{ name: 'a/.wh...', type: 'file' }]],
    [
      [
        { name: 'a', type: 'symlink', linkname: '/etc' },
        { name: 'a/passwd', type: 'file' },
      ],
    ],
    [
      [
        { name: 'a/b', type: 'symlink', linkname: '../../..' },
        { name: 'a/b/etc/passwd', type: 'file' },
      ],
    ],
    [
      [
        { name: 'a', type: 'symlink', linkname: '/etc' },
        { name: 'x', type: 'link', linkname: 'a/passwd' },
      ],
    ],
  ])('what would leave the root is refused: %j', (headers) => {
    const entries = new LayerEntries();
    expect(() => headers.forEach((header) => entries.accept(header))).toThrow(/outside (of )?the root/);
  });

  test('symbolic links may point anywhere, and be written through inside the root', () => {
    const entries = new LayerEntries();
    expect(entries.accept({ name: 'etc/mtab', type: 'symlink', linkname: '/proc/mounts' })).toBeDefined();
    entries.accept({ name: 'lib', type: 'symlink', linkname: 'usr/lib' });
    expect(entries.accept({ name: 'lib/x', type: 'file' })?.name).toBe('lib/x');
    // Replaced by a folder, it no longer leads anywhere.
    entries.accept({ name: 'out', type: 'symlink', linkname: '/' });
    entries.accept({ name: 'out', type: 'directory' });
    expect(entries.accept({ name: 'out/x', type: 'file' })?.name).toBe('out/x');
  });

  test('the number of entries is bounded', () => {
    const entries = new LayerEntries(1);
    entries.accept({ name: 'a', type: 'file' });
    expect(() => entries.accept({ name: 'b', type: 'file' })).toThrow('more than 1 entries');
  });
});
