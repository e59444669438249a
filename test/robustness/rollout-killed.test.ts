/**
 * kill -9 of the server while a Deployment rolls over simulated nodes and its namespace's neighbour is deleted: nobody
 * sees more pods than the surge allows or fewer ready ones than availability asks for, and the end is the same.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { killHard, pause, seededRandom } from '../support/faults.ts';

const cluster = testCluster('a5-rollout');
const k = kubectl(cluster.kubeconfig);
beforeAll(async () => void (await ok(cluster.up('--sim-nodes', '10'))));
afterAll(() => cluster.destroy());

const replicas = 20;
const limit = 5;

function apply(namespace: string): Promise<string> {
  const labels = { app: 'rolls' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'rolls', namespace },
    spec: {
      replicas,
      // A rollout takes some seconds however quick the machine is, so that the server dies in the middle of it.
      minReadySeconds: 1,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxSurge: limit, maxUnavailable: limit } },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'coracle.dev/simulated': 'true' },
          tolerations: [{ key: 'coracle.dev/simulated', operator: 'Exists' }],
          containers: [{ name: 'main', image: 'one' }],
        },
      },
    },
  };
  const env = { KUBECONFIG: cluster.kubeconfig };
  return ok(run(clientProgram('kubectl'), ['apply', '-f', '-'], { env, input: JSON.stringify(object) }));
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Undefined while the server is away. */
async function look(): Promise<{ active: number; ready: number; images: readonly string[] } | undefined> {
  const { code, stdout } = await k('get', 'pods', '-n', 'default', '-o', 'json', '--request-timeout=5s');
  if (code !== 0) return undefined;
  const active = (JSON.parse(stdout) as Pods).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const ready = active.filter(({ status }) =>
    status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
  );
  const images = active.map(({ spec }) => spec.containers[0]?.image ?? '');
  return { active: active.length, ready: ready.length, images: [...new Set(images)] };
}

test('rollouts go on over every death of the server, within their limits', async () => {
  const random = seededRandom('rollout-killed');
  await ok(k('create', 'namespace', 'goes'));
  await apply('default');
  await apply('goes');
  await ok(k('rollout', 'status', 'deployment/rolls', '--timeout=60s'));
  let deaths = 0;
  for (const image of ['two', 'three', 'four']) {
    await eventually(
      'the new image is set',
      async () => (await k('set', 'image', 'deployment/rolls', `main=${image}`)).code === 0,
    );
    await k('set', 'image', '-n', 'goes', 'deployment/rolls', `main=${image}`);
    if (image === 'three') await k('delete', 'namespace', 'goes', '--wait=false');
    for (let done = false; !done;) {
      if (deaths < 12) {
        killHard(cluster, 'server');
        deaths += 1;
      }
      await pause(200 + random() * 800);
      const seen = await look();
      if (seen === undefined) continue;
      expect(seen.active).toBeLessThanOrEqual(replicas + limit);
      expect(seen.ready).toBeGreaterThanOrEqual(replicas - limit);
      done = seen.ready === replicas && seen.active === replicas && seen.images.join() === image;
    }
  }
  expect(deaths).toBeGreaterThan(5);
  await eventually('the namespace is gone', async () => (await k('get', 'namespace', 'goes')).code !== 0, 60_000);
  await ok(k('rollout', 'status', 'deployment/rolls', '--timeout=60s'));
  expect((await look())?.active).toBe(replicas);
});
