/**
 * The runtime's interface over a real containerd (Debian's), with a bridge by CNI: what the built-in runtime does
 * must be possible here, too. Skipped, loudly, where containerd or its CNI plugins are not installed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../base/errors.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { runtimeContract, until } from '../testing/contract.ts';
import { hasContainerd, openContainerdBed, type ContainerdBed } from './testing/containerd.ts';

describe.skipIf(!hasContainerd)('containerd through CRI', { timeout: 60_000 }, () => {
  let bed: ContainerdBed;
  beforeAll(async () => {
    bed = await openContainerdBed({ name: 'crit', subnet: '10.199.7.0/24' });
  }, 60_000);
  afterAll(() => bed.destroy(), 60_000);

  runtimeContract(() => bed);

  test('says what it is, and that it is well', async () => {
    expect((await bed.runtime.version()).name).toBe('containerd');
    expect(await bed.runtime.problems()).toEqual([]);
  });

  test('knows its images', async () => {
    expect((await bed.images.listImages()).flatMap(({ repoTags }) => repoTags)).toContain('localhost/busybox:1');
    expect((await bed.images.imageStatus('localhost/busybox:1'))?.sizeBytes).toBeGreaterThan(100_000);
    expect(await bed.images.imageStatus('localhost/absent:1')).toBeUndefined();
    await expect(bed.images.pullImage('localhost:1/absent:1', [], new AbortController().signal)).rejects.toMatchObject({
      reason: 'ErrImagePull',
    });
  });

  test('a large input ends, and a large output comes whole, by SPDY', async () => {
    const { sandboxId, id } = await bed.run('large', ['sleep', '1000']);
    const session = await bed.runtime.exec(id, ['cat'], { stdin: true, stdout: true, stderr: true, tty: false });
    const stdin = present(session.stdin, 'stdin');
    const whole = Buffer.alloc(20 * 1024 * 1024, 'coracle\n');
    stdin.end(whole);
    let seen = 0;
    for await (const chunk of present(session.stdout, 'stdout')) seen += (chunk as Buffer).length;
    expect([seen, await session.finished]).toEqual([whole.length, { exitCode: 0 }]);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('announces what happens', async () => {
    const stop = new AbortController();
    const seen: RuntimeEvent[] = [];
    const following = (async () => {
      for await (const event of bed.runtime.events(stop.signal)) seen.push(event);
    })();
    const { sandboxId, id } = await bed.run('events', ['sleep', '1000']);
    await until(() => seen.some((event) => event.type === 'started' && event.containerId === id));
    await bed.runtime.stopContainer(id, 0);
    await until(() => seen.some((event) => event.type === 'stopped' && event.containerId === id));
    stop.abort();
    await following;
    expect(seen.every((event) => event.sandboxId === sandboxId)).toBe(true);
    await bed.runtime.removePodSandbox(sandboxId);
  });
});
