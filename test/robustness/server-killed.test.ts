/**
 * kill -9 of the server, over and over, while clients write and watch: what was acknowledged is there, no revision
 * comes twice, and what a client has seen is never taken back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bareApi, type BareApi } from '../support/api.ts';
import { kubectl, ok, start, clientProgram } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { killHard, pause, readyAgain, seededRandom } from '../support/faults.ts';

interface Written {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: { readonly n?: string };
}

const cluster = testCluster('server-killed');
const k = kubectl(cluster.kubeconfig);
const collection = '/api/v1/namespaces/default/configmaps';
let api: BareApi;

beforeAll(async () => {
  await ok(cluster.up());
  api = bareApi(cluster.kubeconfig);
});
afterAll(async () => {
  api.close();
  await cluster.destroy();
});

/** Everything that clients were told: which object and value each revision stands for. */
class Ledger {
  readonly revisions = new Map<string, string>();
  readonly newest = new Map<string, number>();
  /** Revisions that stood for two things. */
  readonly reused: string[] = [];
  acknowledged = 0;

  note({ metadata: { name, resourceVersion }, data }: Written): void {
    const n = Number(data?.n);
    const said = `${name}=${n}`;
    const before = this.revisions.get(resourceVersion);
    if (before !== undefined && before !== said) this.reused.push(`${resourceVersion}: ${before}, then ${said}`);
    this.revisions.set(resourceVersion, said);
    this.newest.set(name, Math.max(n, this.newest.get(name) ?? -1));
  }
}

/** Writes ever higher numbers; tells of each that was acknowledged. */
async function writer(name: string, ledger: Ledger, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    try {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: String(n) } };
      const put = await api.request('PUT', `${collection}/${name}`, object);
      const answer = put.status === 404 ? await api.request('POST', collection, object) : put;
      if (answer.status >= 300) continue;
      ledger.note(answer.body as Written);
      ledger.acknowledged += 1;
    } catch {
      await pause(10); // The server is away: whether this one was written is open.
    }
  }
}

async function watcher(ledger: Ledger, signal: AbortSignal): Promise<void> {
  let from = '0';
  while (!signal.aborted) {
    const path = `${collection}?watch=1&resourceVersion=${from}&allowWatchBookmarks=true`;
    await api
      .watch(
        path,
        (event) => {
          const { type, object } = event as { type: string; object: Written };
          from = type === 'ERROR' ? '0' : object.metadata.resourceVersion;
          if (type !== 'BOOKMARK' && type !== 'ERROR' && object.metadata.name.startsWith('w')) ledger.note(object);
        },
        signal,
      )
      .catch(() => {});
    await pause(10);
  }
}

test('nothing acknowledged is lost, no revision is used twice, nothing seen is taken back', async () => {
  const random = seededRandom('server killed under writes');
  const ledger = new Ledger();
  const stop = new AbortController();
  const clients = [
    ...Array.from({ length: 6 }, (_, at) => writer(`w${at}`, ledger, stop.signal)),
    watcher(ledger, stop.signal),
    watcher(ledger, stop.signal),
  ];
  for (let round = 0; round < 8; round += 1) {
    await pause(random() * 600);
    await readyAgain(cluster, 'server', killHard(cluster, 'server'));
  }
  await pause(200);
  stop.abort();
  await Promise.all(clients);
  expect(ledger.reused).toEqual([]);
  const list = (await api.request('GET', collection)).body as { items: Written[] };
  const found = new Map(list.items.map((item) => [item.metadata.name, Number(item.data?.n)]));
  for (const [name, n] of ledger.newest) expect(found.get(name), name).toBeGreaterThanOrEqual(n);
  expect(ledger.acknowledged).toBeGreaterThan(20);
  console.log(`${ledger.acknowledged} writes acknowledged, ${ledger.revisions.size} revisions seen`);
});

test('a rollout goes on where it was', async () => {
  const manifest = (version: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {version: "${version}"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "3600"]}]
`;
  const apply = async (version: string): Promise<unknown> => {
    const child = start(clientProgram('kubectl'), ['apply', '-f', '-'], { KUBECONFIG: cluster.kubeconfig });
    child.stdin?.end(manifest(version));
    return new Promise((resolve) => child.once('close', resolve));
  };
  expect(await apply('one')).toBe(0);
  await ok(k('rollout', 'status', 'deployment/web', '--timeout=30s'));
  expect(await apply('two')).toBe(0);
  for (let round = 0; round < 3; round += 1) {
    await pause(100);
    await readyAgain(cluster, 'server', killHard(cluster, 'server'));
  }
  await ok(k('rollout', 'status', 'deployment/web', '--timeout=30s'));
  const versions = await eventually('only pods of the new version are left', async () => {
    const out = await ok(k('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.annotations.version}'));
    return out === 'two two two two' && out;
  });
  expect(versions).toBe('two two two two');
  const sets = await ok(k('get', 'replicasets', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.replicas}'));
  expect(sets.split(' ').toSorted()).toEqual(['0', '4']);
});
