/**
 * The plug is pulled under writes, and the disk had a cache: what was not flushed is there afterwards or not, by chance.
 * Nothing that somebody was told is written may be missing, no revision may be used twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type BareApi, bareApi } from '../support/api.ts';
import { kubectl, ok } from '../support/clients.ts';
import { eventually } from '../support/cluster.ts';
import { guestOf, patience, placeVariable, podOf } from './bed.ts';
import { fileMedium } from './disk/file-medium.ts';
import { type NbdServer, serveDisk } from './disk/nbd-server.ts';
import { VolatileDisk } from './disk/volatile-disk.ts';
import { Guest } from './guest.ts';
import { makeEmptyDisk } from './root-disk.ts';
import { dataFolder } from './root-files.ts';
import { workplaceAt } from './workplace.ts';

const seed = 17;
const cuts = 2;
const writers = 4;
const writesBeforeCut = 120;
const someBlocks = 16;

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: { readonly count: string };
}

/** What the API has said. */
class Acknowledged {
  readonly counts = new Map<string, number>();
  highest = 0n;
  total = 0;

  note({ metadata, data }: ConfigMap): void {
    const revision = BigInt(metadata.resourceVersion);
    if (revision > this.highest) this.highest = revision;
    this.counts.set(metadata.name, Number(data.count));
    this.total += 1;
  }
}

const collection = '/api/v1/namespaces/default/configmaps';
const bodyOf = (name: string, count: number): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { count: `${count}`, filler: 'x'.repeat(1500) },
});

/** Writes one object again and again until the connection breaks. */
async function writeOn(api: BareApi, name: string, acknowledged: Acknowledged): Promise<void> {
  for (let count = (acknowledged.counts.get(name) ?? 0) + 1; ; count += 1) {
    const first = !acknowledged.counts.has(name);
    // A write that was not acknowledged may have been made.
    const request = first
      ? api.request('POST', collection, bodyOf(name, count))
      : api.request('PUT', `${collection}/${name}`, bodyOf(name, count));
    const answer = await request.catch(() => undefined);
    if (answer === undefined) return;
    if (answer.status !== 200 && answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
    acknowledged.note(answer.body as ConfigMap);
  }
}

describe('power cut', () => {
  const random = seededRandom(seed);
  let folder: string;
  let disk: VolatileDisk;
  let server: NbdServer;
  let medium: ReturnType<typeof fileMedium>;
  let guest: Guest | undefined;
  let kubeconfig: string;

  /** Blocks that go to the disk and are flushed by nobody but those who flush for themselves: something to lose. */
  const noise = `while :; do dd if=/dev/zero of=${dataFolder}/noise bs=4k count=64 oflag=direct conv=notrunc; done`;

  const boot = async (): Promise<void> => {
    guestOf();
    const place = await workplaceAt(process.env[placeVariable] ?? '', new AbortController().signal);
    guest = await Guest.boot({ place, folder, data: { source: server.source, writes: 'honest' }, memoryMiB: 2048 });
    kubeconfig = await guest.up();
    await guest.ok(`nohup sh -c '${noise}' > /dev/null 2>&1 < /dev/null &`);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-power-cut-'));
    const place = await workplaceAt(process.env[placeVariable] ?? '', new AbortController().signal);
    const path = join(folder, 'data.ext4');
    await makeEmptyDisk(place, path);
    medium = fileMedium(path);
    disk = new VolatileDisk(medium);
    server = await serveDisk(disk, join(folder, 'disk'));
    await boot();
  });
  afterAll(async () => {
    await guest?.kill();
    await server.close();
    medium[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test(`${cuts} cuts under writes lose nothing acknowledged, and the pods come back (seed ${seed})`, async () => {
    const run = (...args: readonly string[]): Promise<string> => ok(kubectl(kubeconfig)(...args));
    const ready = (name: string): Promise<unknown> =>
      eventually(`pod ${name} to be ready`, async () => (await run('get', 'pod', name)).includes('1/1'), patience);
    const acknowledged = new Acknowledged();
    const pod = podOf('survivor', 'sleep 3600', { spec: { restartPolicy: 'Always' } });
    const created = bareApi(kubeconfig);
    const answer = await created.request('POST', '/api/v1/namespaces/default/pods', pod);
    expect(answer.status, answer.text).toBe(201);
    created.close();
    await ready('survivor');
    let lost = 0;
    for (let cut = 1; cut <= cuts; cut += 1) {
      const api = bareApi(kubeconfig);
      const goal = acknowledged.total + writesBeforeCut;
      const names = Array.from({ length: writers }, (_, index) => `written-${index}`);
      const writing = Promise.all(names.map((name) => writeOn(api, name, acknowledged)));
      await eventually('enough writes', async () => acknowledged.total >= goal, patience);
      // Somebody has just been told: that was a flush. The plug is pulled between two of them.
      for (let left = 2_000; left > 0 && disk.unsafeBlocks < someBlocks; left -= 1) await sleep(1);
      await guest?.kill();
      await writing;
      api.close();
      lost += disk.unsafeBlocks;
      const chance = cut % 2 === 1 ? 0 : 0.5;
      disk.cut(() => random.next() < chance);
      await boot();
      const { items } = JSON.parse(await run('get', 'configmaps', '-o', 'json')) as { items: ConfigMap[] };
      const found = new Map(items.map((each) => [each.metadata.name, Number(each.data.count)]));
      for (const [name, count] of acknowledged.counts) {
        // One more may have been written without that anybody was told.
        expect([count, count + 1], `${name} after cut ${cut}`).toContain(found.get(name));
        acknowledged.counts.set(name, found.get(name) ?? count);
      }
      const before = acknowledged.highest;
      const next = bareApi(kubeconfig);
      const made = await next.request('POST', collection, bodyOf(`after-${cut}`, 1));
      next.close();
      expect(made.status, made.text).toBe(201);
      expect(BigInt((made.body as ConfigMap).metadata.resourceVersion) > before).toBe(true);
      acknowledged.note(made.body as ConfigMap);
    }
    // The cuts were some: the disk had something to lose.
    expect(lost).toBeGreaterThan(0);
    const restarts = '{.status.containerStatuses[0].restartCount}';
    const restarted = async (): Promise<boolean> =>
      Number(await run('get', 'pod', 'survivor', '-o', `jsonpath=${restarts}`)) > 0;
    await eventually('a restart of the pod, of which its status tells', restarted, patience);
    await ready('survivor');
  }, 1_200_000);
});
