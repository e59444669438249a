import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../base/errors.ts';
import { canRunContainers, openTestBed, type TestBed } from './testing/test-bed.ts';

const signal = new AbortController().signal;

describe.skipIf(!canRunContainers)('the demo image', { timeout: 120_000 }, () => {
  let bed: TestBed;
  beforeAll(async () => {
    bed = await openTestBed({ name: 'kuard', podCidr: '10.97.14.0/24' });
  }, 60_000);
  afterAll(() => bed.destroy());

  test('a pull of each name is answered by the mirror, and layers are shared', async () => {
    const names = [
      'kuar-demo/kuard-amd64:blue',
      'gcr.io/kuar-demo/kuard-amd64:green',
      'gcr.io/kuar-demo/kuard-amd64:1',
    ];
    for (const name of names) {
      expect(await bed.images.pullImage(name, [], signal)).toMatchObject({ mirror: 'built-in images' });
    }
    const records = names.map((name) => present(bed.images.store.find(name), name));
    expect(new Set(records.map((record) => record.config.rootfs.diff_ids.join())).size).toBe(1);
    expect(new Set(records.map((record) => record.id)).size).toBe(3);
  });

  test('an unknown variant is refused in the registry’s words', async () => {
    await expect(bed.images.pullImage('gcr.io/kuar-demo/kuard-amd64:mauve', [], signal)).rejects.toThrow(
      /failed to resolve reference/,
    );
  });

  test('it serves its page in its colour, its probes and files, and has the tools that the notes use', async () => {
    const { id: image } = await bed.images.pullImage('gcr.io/kuar-demo/kuard-amd64:purple', [], signal);
    const { sandboxId, id } = await bed.run('kuard', [], { image });
    const [address] = present(await bed.runtime.podSandboxStatus(sandboxId), 'sandbox').ips;
    const get = async (path: string): Promise<string> => (await fetch(`http://${address}:8080${path}`)).text();
    await expect.poll(() => get('/healthy').catch(() => ''), { timeout: 20_000 }).toBe('ok');
    expect(await get('/')).toContain('v0.10.0-purple');
    expect(await get('/fs/etc/hostname')).toBe('kuard\n');
    for (const command of [['date'], ['ash', '-c', 'true'], ['tar', '--help']]) {
      expect((await bed.runtime.execSync(id, command, 20)).exitCode).toBe(0);
    }
    await bed.runtime.stopContainer(id, 10);
    expect(await bed.runtime.containerStatus(id)).toMatchObject({ exitCode: 0 });
    await bed.runtime.removePodSandbox(sandboxId);
  });

  test('/kuard is its command, not its entrypoint: flags alone are no program', async () => {
    const { id: image } = await bed.images.pullImage('kuar-demo/kuard-amd64:blue', [], signal);
    await expect(bed.run('flags', ['--keygen-enable'], { image })).rejects.toThrow(
      'exec: "--keygen-enable": executable file not found in $PATH',
    );
    for (const { id } of await bed.runtime.listPodSandboxes()) await bed.runtime.removePodSandbox(id);
  });
});
