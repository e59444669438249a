/** Devices of pods on this machine: mounts and loop devices are real, and the agent dies at every step. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTestDevice, type TestDevice } from '../../runtime/testing/loop-device.ts';
import { blockMaps } from './block-maps.ts';
import { LocalBlocks } from './local-blocks.ts';
import { loopDevices } from './loop-devices.ts';
import { parseMountInfo, systemMounter, type Mounter } from './mounter.ts';

const isRoot = process.getuid?.() === 0;
/** Calls of the mounter that change something or may find that they have to. */
const steps = ['bind', 'hold', 'letGo', 'unmount'] as const;

describe.skipIf(!isRoot)('devices of pods', () => {
  let folder: string;
  let root: string;
  let disk: TestDevice;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-maps-'));
    root = join(folder, 'node');
    disk = makeTestDevice(join(folder, 'disk'), 'content');
  });
  afterEach(async () => {
    const left = await traces();
    // So that one failure isn't everybody's.
    await new LocalBlocks(root, blockMaps(systemMounter)).tearDown('a');
    await new LocalBlocks(root, blockMaps(systemMounter)).tearDown('b');
    disk.remove();
    rmSync(folder, { recursive: true });
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  });

  const blocks = (mounter: Mounter = systemMounter): LocalBlocks => new LocalBlocks(root, blockMaps(mounter));

  /** Dies before (even) or after (odd) its n-th step. */
  function dying(moment: number): { readonly mounter: Mounter; readonly died: () => boolean } {
    let left = Math.floor(moment / 2);
    let dead = false;
    const die = (): never => {
      dead = true;
      throw new Error('killed');
    };
    const wrapped = Object.fromEntries(
      steps.map((step) => [
        step,
        async (...args: Parameters<Mounter['bind']>) => {
          if (dead) die();
          left -= 1;
          if (left === -1 && moment % 2 === 0) die();
          await systemMounter[step](...args);
          if (left === -1) die();
        },
      ]),
    );
    return { mounter: { ...systemMounter, ...wrapped }, died: () => dead };
  }

  /** Mounts, loop devices and files that are there for pods. */
  async function traces(): Promise<readonly string[]> {
    const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ path }) => path);
    const loops = (await loopDevices()).map(({ file }) => file);
    const files = existsSync(root)
      ? readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
      : [];
    return [
      ...[...mounts, ...loops].filter((path) => path.startsWith(`${root}/`)),
      ...files.map(({ parentPath, name }) => join(parentPath, name)),
    ];
  }

  const prepare = async (who: LocalBlocks, uid = 'a'): Promise<string> =>
    (await who.prepare(uid, 'pv', disk.path)).link;
  const held = async (): Promise<number> =>
    (await loopDevices()).filter(({ file }) => file.startsWith(`${root}/`)).length;

  test('a pod has a link to the device, and the device is held open until the pod has given it back', async () => {
    const link = await prepare(blocks());
    expect(link).toBe(join(root, 'pods/a/volumeDevices/kubernetes.io~local-volume/pv'));
    expect(readlinkSync(link)).toBe(disk.path);
    const own = join(root, 'plugins/kubernetes.io~local-volume/volumeDevices/pv/a');
    expect(statSync(own).rdev).toBe(statSync(disk.path).rdev);
    expect(await systemMounter.isHeld(own)).toBe(true);
    // Again is the same.
    expect((await blocks().prepare('a', 'pv', disk.path)).fresh).toBe(false);
    expect(await held()).toBe(1);
    expect((await systemMounter.below(own)).length).toBe(1);
    await blocks().tearDown('a');
    await blocks().tearDown('a');
  });

  test('each pod has its own', async () => {
    await Promise.all([prepare(blocks(), 'a'), prepare(blocks(), 'b')]);
    expect(await held()).toBe(2);
    await blocks().tearDown('a');
    expect(await held()).toBe(1);
    await blocks().tearDown('b');
  });

  test('a device that was replaced while nobody looked is not taken for the one before', async () => {
    const link = await prepare(blocks());
    const other = makeTestDevice(join(folder, 'other'), 'other');
    try {
      await blocks().prepare('a', 'pv', other.path);
      expect(statSync(link).rdev).toBe(statSync(other.path).rdev);
      expect(await held()).toBe(1);
      await blocks().tearDown('a');
    } finally {
      other.remove();
    }
  });

  /** Maps with agents that are killed one step later each time, and has somebody go on; how many steps there are. */
  async function killed(next: () => Promise<void>): Promise<number> {
    for (let moment = 0; ; moment += 1) {
      const { mounter, died } = dying(moment);
      await prepare(blocks(mounter)).catch(() => {});
      if (died()) await next();
      await blocks().tearDown('a');
      const left = await traces();
      if (left.length > 0) throw new Error(`killed at ${moment}, left behind: ${left.join(', ')}`);
      if (!died()) return moment;
    }
  }

  test('an agent that is killed at any step while it maps is followed by one that ends it', async () => {
    const contents: string[] = [];
    const steps = await killed(async () => {
      const text = readFileSync(await prepare(blocks()))
        .subarray(0, 7)
        .toString();
      contents.push(`${text}, held ${await held()}`);
    });
    expect(steps).toBeGreaterThanOrEqual(4);
    expect(contents).toEqual(Array(steps).fill('content, held 1'));
  });

  test('an agent that is killed at any step while it maps is followed by one that gives all back', async () => {
    expect(await killed(() => Promise.resolve())).toBeGreaterThanOrEqual(4);
  });

  test('one that is killed at any step while it gives back is followed by one that ends it', async () => {
    let moment = 0;
    for (; ; moment += 1) {
      await prepare(blocks());
      const { mounter, died } = dying(moment);
      await blocks(mounter)
        .tearDown('a')
        .catch(() => {});
      if (!died()) break;
      await blocks().tearDown('a');
      expect(await traces(), `killed at ${moment}`).toEqual([]);
    }
    expect(moment).toBeGreaterThanOrEqual(4);
  });
});
