/** Registries and layers that mean harm, or are broken as if they did: refused in words, within bounds, without traces. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { Images, type ImagesOptions } from './images.ts';
import { type FakeRegistry, startFakeRegistry, tarOf, type TarEntry } from './testing/fake-registry.ts';

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
const megabyte = 1024 * 1024;

describe.skipIf(!isRoot)('what means harm', () => {
  let registry: FakeRegistry;
  let folder: string;
  let images: Images;
  const open = async (options: Partial<ImagesOptions> = {}): Promise<void> => {
    images = await Images.open({
      root: join(folder, 'images'),
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      retryDelay: 1,
      ...options,
    });
  };
  const reopen = async (options: Partial<ImagesOptions>): Promise<void> => {
    await images.close();
    await open(options);
  };
  const pull = (name: string): Promise<unknown> => images.pullImage(`${registry.host}/${name}`, [], signal);
  /** Pulls; asserts that this fails as ErrImagePull in a short message, and that nothing is left of it. */
  const refused = async (name: string): Promise<string> => {
    const error = (await pull(name).then(
      () => new Error('was not refused'),
      (reason: unknown) => reason,
    )) as Error & { reason?: string };
    expect(error).toMatchObject({ reason: 'ErrImagePull' });
    expect(error.message).toContain(`failed to pull and unpack image "${registry.host}/${name}"`);
    expect(error.message.length).toBeLessThan(1024);
    for (const part of ['layers', 'ingest']) expect(readdirSync(join(folder, 'images', part))).toEqual([]);
    return error.message;
  };
  const file: TarEntry = { name: 'f', content: 'x' };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-hostile-'));
    registry = await startFakeRegistry();
    await open();
  });
  afterEach(async () => {
    await images.close();
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('of registries', () => {
    test('one that trickles does not hold a pull for ever', async () => {
      await reopen({ idleTimeout: 200 });
      await registry.add('a', '1', [[{ name: 'f', content: 'x'.repeat(100_000) }]]);
      registry.intercept = (path, response) => {
        if (!path.includes('/blobs/')) return false;
        const drip = (): void => {
          if (response.write('x')) systemClock.after(20, drip);
        };
        response.writeHead(200);
        drip();
        return true;
      };
      expect(await refused('a:1')).toMatch(/only \d+ bytes received for 0.2 s/);
    });

    test('redirects come to an end, and go nowhere but to where HTTP goes', async () => {
      await registry.add('a', '1', [[file]]);
      let location = '';
      registry.intercept = (path, response, host) => {
        response.writeHead(307, { location: location === '' ? `http://${host}${path}x` : location }).end();
        return true;
      };
      expect(await refused('a:1')).toContain('stopped after 10 redirects');
      expect(registry.requests).toHaveLength(11);
      for (location of ['file:///etc/passwd', 'http://', 'gopher://x']) {
        expect(await refused('a:1')).toContain(`to "${location}" refused`);
      }
    });

    test.each([
      [
        'of another digest',
        (content: string) => content.replace('amd64', 'arm64'),
        /digest mismatch|no match for platform/,
      ],
      ['that is a page', () => '<html>please log in</html>', 'manifest is not JSON'],
      ['of schema 1', () => '{"schemaVersion":1}', 'unsupported manifest: schemaVersion 1'],
      ['of both kinds', () => '{"schemaVersion":2,"layers":[],"manifests":[]}', 'both layers and manifests'],
      ['of five megabytes', () => ' '.repeat(5 * megabyte), 'answer is larger than 4194304 bytes'],
    ] as const)('a manifest %s', async (_what, content, message) => {
      await registry.add('a', '1', [[file]]);
      registry.intercept = (path, response) => {
        if (!path.includes('/manifests/')) return false;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(content('{"schemaVersion":2,"manifests":[]}'));
        return true;
      };
      expect(await refused('a:1')).toMatch(message);
      expect(registry.requests).toHaveLength(1);
    });

    test('a registry that asks for patience gets it, up to a bound', async () => {
      await registry.add('a', '1', [[file]]);
      let left = 2;
      let after = '1';
      registry.intercept = (_path, response) => {
        if (left === 0) return false;
        left -= 1;
        response.writeHead(429, { 'retry-after': after });
        response.end(JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'you have reached your limit' }] }));
        return true;
      };
      const begun = systemClock.monotonic();
      await pull('a:1');
      expect(systemClock.monotonic() - begun).toBeGreaterThan(1900);
      [left, after] = [9, '3600'];
      await expect(pull('a:1')).rejects.toThrow('429 Too Many Requests: toomanyrequests: you have reached your limit');
      expect(left).toBe(8);
    });

    test('trouble of its own is tried again, and then told', async () => {
      registry.intercept = (_path, response) => {
        response.writeHead(503).end('<html>'.repeat(10_000));
        return true;
      };
      expect(await refused('a:1')).toContain('503 Service Unavailable');
      expect(registry.requests).toHaveLength(5);
    });

    test('a challenge that leads nowhere', async () => {
      registry.intercept = (_path, response) => {
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="nowhere",service="x"' }).end();
        return true;
      };
      expect(await refused('a:1')).toContain('challenge with realm "nowhere"');
    });
  });

  describe('of sizes and digests', () => {
    const sized = (size: number) => (document: Record<string, unknown>) => ({
      ...document,
      layers: (document['layers'] as object[]).map((layer) => ({ ...layer, size })),
    });

    test.each([
      ['shorter than it is', 10, 'larger than the announced 10 bytes'],
      ['longer than it is', 100_000, /of 100000 bytes: unexpected EOF|416/],
      ['negative', -1, 'layers[0]: invalid size -1'],
      ['larger than any disk', 2 ** 50, 'more than the 34359738368 allowed'],
    ] as const)('a layer announced %s', async (_what, size, message) => {
      await registry.add('a', '1', [[file]], { manifest: sized(size) });
      expect(await refused('a:1')).toMatch(message);
    });

    test('a configuration too large to read', async () => {
      const manifest = (document: Record<string, unknown>): object => ({
        ...document,
        config: { ...(document['config'] as object), size: 10 * megabyte },
      });
      await registry.add('a', '1', [[file]], { manifest });
      expect(await refused('a:1')).toContain('has 10485760 bytes, more than the 8388608 allowed');
    });

    test('layers and configuration that do not pair up, or lie about the content', async () => {
      const zeros = `sha256:${'0'.repeat(64)}`;
      const ids = (...diff_ids: string[]) => ({
        config: (document: Record<string, unknown>) => ({ ...document, rootfs: { type: 'layers', diff_ids } }),
      });
      await registry.add('a', '1', [[file]], ids(zeros));
      expect(await refused('a:1')).toContain(`wrong diff id calculated on extraction: expected ${zeros}`);
      await registry.add('a', '2', [[file]], ids(zeros, zeros));
      expect(await refused('a:2')).toContain('1 layers in its manifest and 2 in its configuration');
      await registry.add('a', '3', [[file]], ids('sha256:../../../etc/passwd'));
      expect(await refused('a:3')).toContain('no valid rootfs.diff_ids');
    });

    test('a layer that is cut off', async () => {
      const whole = await tarOf([{ name: 'f', content: 'x'.repeat(5000) }]);
      await registry.add('a', '1', [whole.subarray(0, 2000)]);
      expect(await refused('a:1')).toContain('Unexpected end of data');
    });

    test('a layer of kilobytes that holds gigabytes', async () => {
      await reopen({ maxLayerBytes: 64 * megabyte });
      await registry.add('a', '1', [await tarOf([{ name: 'zeros', content: '\0'.repeat(100 * megabyte) }])]);
      expect(await refused('a:1')).toContain('layer holds more than 67108864 bytes');
    });
  });

  describe('of layers', () => {
    const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
    const escape = join(tmpdir(), 'coracle-escape');
    const up = '../'.repeat(12);

    test.each([
      ['..', [{ name: `${up}${escape}`, content: 'x' }], 'is outside of the root'],
      ['.. in the middle', [{ name: `a/${up}${escape}`, content: 'x' }], 'is outside of the root'],
      ['a symbolic link', [link('a', tmpdir()), { name: 'a/coracle-escape', content: 'x' }], 'outside the root'],
      ['a relative link', [link('a/b', `${up}tmp`), { name: 'a/b/coracle-escape', content: 'x' }], 'outside the root'],
      [
        'a chain of links',
        [link('a', 'b'), link('b', 'c/d'), link('c/d', '../e'), link('e', tmpdir()), { name: 'a/coracle-escape' }],
        'outside the root',
      ],
      ['links in a circle', [link('a', 'b'), link('b', 'a'), { name: 'a/x' }], 'outside the root'],
      ['a hard link', [{ name: 'a', type: 'link', linkname: `${up}etc/passwd` }], 'is outside of the root'],
      ['a hard link through a link', [link('a', '/etc'), { name: 'x', type: 'link', linkname: 'a/passwd' }], 'outside'],
      ['a hard link to nothing of its own', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }], 'Cannot hard link'],
      ['a whiteout', [{ name: '../.wh.x' }], 'is outside of the root'],
      ['a whiteout of everything', [{ name: 'a/.wh...' }], 'is outside of the root'],
      ['a whiteout through a link', [link('a', '/tmp'), { name: 'a/.wh.x' }], 'outside the root'],
      [
        'the name of a sparse file',
        [{ name: 'x', pax: { 'GNU.sparse.name': `${up}${escape}` } }],
        'outside of the root',
      ],
    ] as const)('escape by %s', async (_how, entries, message) => {
      await registry.add('evil', '1', [entries]);
      expect(await refused('evil:1')).toContain(message);
      expect(existsSync(escape)).toBe(false);
    });

    test.each([
      ['paths that no system call takes', [{ name: `${'d/'.repeat(3000)}f`, content: 'x' }], 'more than 4095 bytes'],
      ['names that no file system takes', [{ name: 'n'.repeat(300), content: 'x' }], 'File name too long'],
      [
        'a folder that becomes a file',
        [{ name: 'a/', type: 'directory' }, { name: 'a/b' }, { name: 'a' }],
        'a: Cannot open',
      ],
    ] as const)('%s', async (_what, entries, message) => {
      await registry.add('odd', '1', [entries]);
      expect(await refused('odd:1')).toContain(message);
    });

    test('a header that would fill the memory', async () => {
      const tar = await tarOf([{ name: 'f', content: 'x', pax: { comment: 'y' } }]);
      const header = Buffer.from(tar.subarray(0, 512));
      header.write('77777777777', 124, 'latin1');
      header.write('        ', 148, 'latin1');
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      await registry.add('a', '1', [Buffer.concat([header, Buffer.alloc(8 * megabyte)])]);
      expect(await refused('a:1')).toContain('Header exceeds max size');
    });

    test('entries of kinds that nobody knows', async () => {
      const tar = await tarOf([{ name: 'f', content: 'x' }]);
      const header = Buffer.from(tar);
      header.write('S', 156, 'latin1');
      header.write('        ', 148, 'latin1');
      const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      await registry.add('a', '1', [header]);
      expect(await refused('a:1')).toContain('layer entry "f" is of a kind unknown here');
    });

    test('the same name twice: the later wins', async () => {
      await registry.add('a', '1', [
        [
          { name: 'f', content: 'first' },
          { name: 'f', content: 'second' },
        ],
      ]);
      await pull('a:1');
      const [layer = ''] = readdirSync(join(folder, 'images', 'layers')).filter((name) => /^[a-f0-9]{24}$/.test(name));
      expect(readFileSync(join(folder, 'images', 'layers', layer, 'f'), 'utf8')).toBe('second');
    });
  });
});
