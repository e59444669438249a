/** `coracle up --sim-nodes`: nodes that exist in the API only, beside the real one. */
import { afterAll, expect, test } from 'vitest';
import { clientProgram, kubectl, ok, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { killHard } from '../support/faults.ts';

const cluster = testCluster('a5-simulated');
const k = kubectl(cluster.kubeconfig);
afterAll(() => cluster.destroy());

const deployment = (name: string, replicas: number, more: object): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'busybox', command: ['sleep', '3600'] }], ...more },
      },
    },
  });
const onSimulated = {
  nodeSelector: { 'coracle.dev/simulated': 'true' },
  tolerations: [{ key: 'coracle.dev/simulated', operator: 'Exists' }],
};
/** Two pods, one after the other, each with a claim of the default class. */
const keeping = (name: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'busybox' }], ...onSimulated },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
const apply = (object: string): Promise<string> =>
  ok(run(clientProgram('kubectl'), ['apply', '-f', '-'], { env: { KUBECONFIG: cluster.kubeconfig }, input: object }));
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const nodesOf = async (app: string): Promise<readonly string[]> =>
  lines(await ok(k('get', 'pods', '-l', `app=${app}`, '-o', 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}')));
const simulated = async (): Promise<readonly string[]> =>
  lines(await ok(k('get', 'nodes', '-l', 'coracle.dev/simulated', '-o', 'name')));

test('pods that tolerate them run there, all others on the real node, and the number can change', async () => {
  await ok(cluster.up('--sim-nodes', '20'));
  expect(await simulated()).toHaveLength(20);
  await ok(k('wait', 'node', '--all', '--for=condition=Ready', '--timeout=10s'));
  await apply(deployment('many', 60, onSimulated));
  await apply(deployment('real', 1, {}));
  await ok(k('rollout', 'status', 'deployment/many', '--timeout=60s'));
  await ok(k('rollout', 'status', 'deployment/real', '--timeout=60s'));
  expect(new Set(await nodesOf('many')).size).toBeGreaterThan(10);
  expect(await nodesOf('real')).toEqual(['a5-simulated-1']);
  // Nothing of the cluster's own runs on them.
  const own = await ok(k('get', 'pods', '-n', 'kube-system', '-o', 'wide'));
  expect(own).not.toContain('-sim-');

  // Claims get volumes as simulated as they are, which go with them.
  await apply(keeping('keeping'));
  await ok(k('rollout', 'status', 'statefulset/keeping', '--timeout=60s'));
  expect(await ok(k('get', 'pv', '-o', 'name'))).toMatch(/^(persistentvolume\/pvc-\S+\n){2}$/);
  await ok(k('delete', 'statefulset/keeping', 'pvc/data-keeping-0', 'pvc/data-keeping-1', '--timeout=60s'));
  await eventually('the volumes are gone', async () => (await ok(k('get', 'pv', '-o', 'name'))) === '');

  // They have no kubelet, and are no machines of which there could be too many kinds.
  expect((await k('logs', 'deployment/many')).stderr).toContain('is simulated');
  expect((await cluster.coracle('node', 'ls')).stdout).not.toContain('-sim-');
  await ok(cluster.coracle('node', 'add'));

  // Killed, it comes back, and pods that were deleted meanwhile go.
  killHard(cluster, 'simulated-nodes');
  await ok(k('scale', 'deployment/many', '--replicas=0'));
  await eventually('the last pod is gone', async () => (await nodesOf('many')).length === 0);

  await ok(cluster.up('--sim-nodes', '5'));
  expect(await simulated()).toHaveLength(5);
  expect((await cluster.up()).stdout).toContain('5 nodes are simulated');
  await ok(cluster.up('--sim-nodes', '0'));
  expect(await simulated()).toHaveLength(0);
  expect((await cluster.coracle('status')).stdout).not.toContain('simulated-nodes');
  expect((await cluster.coracle('up', '--sim-nodes', '-3')).stderr).toContain('--sim-nodes');
});
