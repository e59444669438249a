import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { present } from '../../base/errors.ts';
import { buildImage, buildLayer } from '../../image/build.ts';
import { runtimeContract, until } from '../testing/contract.ts';
import { Cgroups } from './cgroups.ts';
import { canRunContainers, openTestBed, type TestBed } from './testing/test-bed.ts';

const signal = new AbortController().signal;

describe.skipIf(!canRunContainers)('containers on this machine', { timeout: 60_000 }, () => {
  let bed: TestBed;
  const exec = async (id: string, ...command: string[]): Promise<string> =>
    Buffer.from((await bed.runtime.execSync(id, command, 20)).stdout).toString();
  const exited = (id: string): Promise<void> =>
    until(async () => (await bed.runtime.containerStatus(id))?.state === 'exited');

  beforeAll(async () => {
    bed = await openTestBed({
      name: 'ctest',
      podCidr: '10.97.11.0/24',
      programs: { echo: async (args, _env, log) => (log(args.join(' ')), 4) },
    });
  });
  afterAll(() => bed.destroy());

  runtimeContract(() => bed);

  test('a pod that asks for a runtime which is not there does not run in another', async () => {
    await expect(bed.runtime.runPodSandbox(bed.sandbox('gvisor', { handler: 'runsc' }))).rejects.toThrow(
      'failed to get sandbox runtime: no runtime for "runsc" is configured',
    );
    const named = await bed.runtime.runPodSandbox(bed.sandbox('named', { handler: 'runc' }));
    await bed.runtime.removePodSandbox(named);
  });

  test('memory beyond the limit is an event', async () => {
    const events: string[] = [];
    const watching = new AbortController();
    const reading = (async () => {
      for await (const event of bed.runtime.events(watching.signal)) events.push(event.type);
    })();
    const { sandboxId, id } = await bed.run('oom', ['sh', '-c', 'x=aaaaaaaa; while :; do x=$x$x; done'], {
      resources: { memoryLimit: 20 * 1024 * 1024 },
    });
    await exited(id);
    watching.abort();
    await reading;
    expect(events).toContain('oom');
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('a fork bomb with little CPU time dies soon, and its pod has its limit again', async () => {
    const { sandboxId, id } = await bed.run('bomb', ['sh', '-c', 'bomb() { bomb | bomb & }; bomb; sleep 1000'], {
      resources: { memoryLimit: 256 * 1024 * 1024, pidsLimit: 600 },
    });
    await until(async () => ((await bed.runtime.containerStats(id))?.pids ?? 0) > 400);
    const quotaOf = (group: string): string =>
      present(
        [`/sys/fs/cgroup/cpu${group}/cpu.cfs_quota_us`, `/sys/fs/cgroup${group}/cpu.max`].find((file) =>
          existsSync(file),
        ),
        'file of the quota',
      );
    const pod = '/coracle-test-ctest/bomb';
    const limit = '1000';
    for (const group of [`${pod}/${id.slice(0, 32)}`, pod]) writeFileSync(quotaOf(group), limit);
    const begun = systemClock.monotonic();
    await bed.runtime.stopContainer(id, 0);
    expect(systemClock.monotonic() - begun).toBeLessThan(8_000);
    expect(readFileSync(quotaOf(pod), 'utf8')).toMatch(/^1000( 100000)?\n$/);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('an image is a volume, with what its layers hide hidden', async () => {
    const image = await bed.images.store.adding(async () => {
      const layers = [
        await buildLayer(bed.images.store, [
          { path: 'data', folder: true },
          { path: 'data/a', content: 'lower' },
        ]),
        await buildLayer(bed.images.store, [
          { path: 'data', folder: true },
          { path: 'data/.wh.a', content: '' },
          { path: 'data/b', content: 'upper' },
        ]),
      ];
      return buildImage(
        bed.images.store,
        layers,
        {},
        () => ({ tags: ['docker.io/library/data:1'], digests: [] }),
        signal,
      );
    });
    const { sandboxId, id } = await bed.run('image', ['sleep', '1000'], {
      mounts: [
        {
          containerPath: '/image',
          hostPath: '',
          image: image.id,
          imageSubPath: 'data',
          readonly: true,
          propagation: 'private',
        },
      ],
    });
    expect(await exec(id, 'ls', '/image')).toBe('b\n');
    expect((await bed.runtime.execSync(id, ['touch', '/image/x'], 5)).exitCode).toBe(1);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('an image whose layer comes twice runs; one without layers shows nothing, and of other images least', async () => {
    const { store } = bed.images;
    const names = (tag: string) => () => ({ tags: [`docker.io/library/${tag}`], digests: [] });
    const twice = await store.adding(async () => {
      const base = present(store.find(bed.busybox), 'busybox').config.rootfs.diff_ids;
      const layers = await Promise.all(
        base.map(async (digest) => ({ digest, size: (await store.blobs.size(digest)) ?? 0 })),
      );
      const middle = await buildLayer(store, [{ path: 'middle', content: 'm' }]);
      return buildImage(store, [...layers, middle, ...layers], {}, names('twice:1'), signal);
    });
    const none = await store.adding(() => buildImage(store, [], {}, names('none:1'), signal));
    const mount = { hostPath: '', readonly: true, propagation: 'private' as const };
    const { sandboxId, id } = await bed.run('twice', ['sleep', '1000'], {
      image: twice.id,
      mounts: [
        { ...mount, containerPath: '/none', image: none.id },
        { ...mount, containerPath: '/twice', image: twice.id },
      ],
    });
    expect(await exec(id, 'cat', '/middle', '/twice/middle')).toBe('mm');
    expect(await exec(id, 'ls', '-A', '/none')).toBe('');
    await bed.runtime.removePodSandbox(sandboxId);
    await expect(bed.run('none', ['/program'], { image: none.id })).rejects.toThrow(/\/program.*no such file/);
  });

  test('a built-in program is a container like others: log, exit code, no exec', async () => {
    const config = bed.sandbox('builtin', { handler: 'coracle-builtin' });
    const sandboxId = await bed.runtime.runPodSandbox(config);
    const id = await bed.runtime.createContainer(
      sandboxId,
      bed.container(['echo', 'hello', 'there'], { logPath: 'builtin.log' }),
      config,
    );
    await bed.runtime.startContainer(id);
    await exited(id);
    expect(await bed.runtime.containerStatus(id)).toMatchObject({ exitCode: 4, reason: 'Error' });
    expect(readFileSync(bed.logOf('builtin'), 'utf8')).toMatch(/^\S+ stdout F hello there\n$/);
    await expect(
      bed.runtime.exec(id, ['sh'], { stdin: false, stdout: true, stderr: true, tty: false }),
    ).rejects.toThrow(/not running/);
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('a runtime that comes back finds what ran, what ended meanwhile, and what it logged', async () => {
    const stays = await bed.run('stays', ['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
    const ends = await bed.run('ends', ['sh', '-c', 'sleep 0.5; exit 7']);
    const before = present(await bed.runtime.containerStatus(stays.id), 'status');
    await bed.close();
    await systemClock.sleep(800);
    bed = await openTestBed({ name: 'ctest', podCidr: '10.97.11.0/24', folder: bed.folder });
    expect(await bed.runtime.containerStatus(stays.id)).toMatchObject({
      state: 'running',
      pid: before.pid,
      startedAt: before.startedAt,
    });
    expect(await bed.runtime.containerStatus(ends.id)).toMatchObject({ state: 'exited', exitCode: 7 });
    expect(await exec(stays.id, 'echo', 'alive')).toBe('alive\n');
    await bed.runtime.stopContainer(stays.id, 0);
    appendFileSync(bed.logOf('stays'), '');
    for (const { sandboxId } of [stays, ends]) await bed.runtime.removePodSandbox(sandboxId);
  });

  test('a container whose record cannot be read is ended and taken away, and the others are not', async () => {
    const torn = await bed.run('torn', ['sleep', '1000']);
    const whole = await bed.run('whole', ['sleep', '1000']);
    const { pid = 0 } = (await bed.runtime.containerStatus(torn.id)) ?? {};
    await bed.close();
    const folder = bed.runtime.paths.container(torn.id).root;
    const [record = ''] = readdirSync(folder).filter((name) => name.startsWith('record'));
    writeFileSync(join(folder, record), '{"id": ');
    bed = await openTestBed({ name: 'ctest', podCidr: '10.97.11.0/24', folder: bed.folder });
    expect(await bed.runtime.containerStatus(torn.id)).toBeUndefined();
    expect([existsSync(folder), existsSync(`/proc/${pid}/fd/0`)]).toEqual([false, false]);
    expect(await bed.runtime.containerStatus(whole.id)).toMatchObject({ state: 'running' });
    for (const { sandboxId } of [torn, whole]) await bed.runtime.removePodSandbox(sandboxId);
    await new Cgroups().destroy('/coracle-test-ctest/torn', systemClock);
  });

  test('after all that, nothing is left', async () => {
    for (const { id } of await bed.runtime.listPodSandboxes()) await bed.runtime.removePodSandbox(id);
    expect(bed.leaks()).toEqual([]);
  });
});
