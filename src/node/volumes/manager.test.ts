import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { Volumes } from './manager.ts';
import { noMounts } from './mounter.ts';
import { Operations } from './operations.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'coracle-volumes-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const unused = (): never => {
  throw new Error('an emptyDir needs nothing of it');
};

/** Options of the tmpfs that a pod of these containers gets. */
async function mounted(limits: readonly object[], emptyDir: object, allocatable: Record<string, string>) {
  let options: readonly string[] = [];
  const volumes = new Volumes({
    rootDirectory: root,
    mounter: { ...noMounts, mount: (_source, _target, _type, given) => Promise.resolve(void (options = given)) },
    reader: { configMap: unused, secret: unused },
    tokens: undefined as never,
    persistent: { prepare: unused, tearDown: unused },
    exclusive: { release: unused },
    operations: new Operations(),
    upkeep: { follow: unused, forget: unused },
    statistics: { forget: unused },
    clock: new FakeClock(),
    log: silentLogger,
    image: unused,
  });
  const pod: Pod = {
    metadata: { name: 'web', uid: 'one', resourceVersion: '1', creationTimestamp: '' },
    spec: {
      containers: limits.map((each, index) => ({
        name: `c${index}`,
        volumeMounts: [{ name: 'memory', mountPath: '/memory' }],
        resources: { limits: each as Record<string, string> },
      })),
      volumes: [{ name: 'memory', emptyDir: { medium: 'Memory', ...emptyDir } }],
    },
  };
  const facts = { pod, podIps: [], hostIps: [], nodeName: 'node', allocatable };
  await volumes.prepare(facts, new AbortController().signal, unused);
  return options.filter((each) => each.startsWith('size='));
}

const MiB = 1024 * 1024;

test.each([
  ['the node', [{}], {}, 100],
  ['the pod, when all of its containers have a limit', [{ memory: '20Mi' }, { memory: '30Mi' }], {}, 50],
  ['the node, when one of them has none', [{ memory: '20Mi' }, {}], {}, 100],
  ['the volume', [{ memory: '20Mi' }], { sizeLimit: '10Mi' }, 10],
  ['the pod, when the volume may be larger', [{ memory: '20Mi' }], { sizeLimit: '30Mi' }, 20],
])('a volume in memory is bounded by %s', async (_by, limits, emptyDir, size) => {
  expect(await mounted(limits, emptyDir, { memory: '100Mi' })).toEqual([`size=${size * MiB}`]);
});

test('where nothing bounds it, the kernel does', async () => {
  expect(await mounted([{}], {}, {})).toEqual([]);
});
