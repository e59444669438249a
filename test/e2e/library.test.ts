/**
 * The JavaScript client library: an informer lives through a server that is killed and started again, without
 * missing an event or telling one twice in a wrong state.
 */
import { KubeConfig, CoreV1Api, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ok } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('library');
const namespace = 'default';

beforeAll(async () => {
  await ok(cluster.up());
});
afterAll(() => cluster.destroy());

function client(): { readonly config: KubeConfig; readonly core: CoreV1Api } {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  return { config, core: config.makeApiClient(CoreV1Api) };
}

async function serverPid(): Promise<number> {
  const status = await ok(cluster.coracle('status', '--json'));
  const match = /"server"[^]*?"pid": ?(\d+)/.exec(status) ?? /"pid": ?(\d+)/.exec(status);
  return Number(match?.[1]);
}

test('an informer misses nothing when the server is killed', async () => {
  const { config, core } = client();
  const seen = new Map<string, string>();
  const list = (): Promise<{ items: V1ConfigMap[] }> => core.listNamespacedConfigMap({ namespace });
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list as never);
  const note = ({ metadata, data }: V1ConfigMap): void => void seen.set(metadata?.name ?? '', data?.['n'] ?? '');
  informer.on('add', note);
  informer.on('update', note);
  informer.on('delete', ({ metadata }: V1ConfigMap) => void seen.delete(metadata?.name ?? ''));
  // The library leaves it to its users to start again.
  informer.on('error', () => void setTimeout(() => void informer.start().catch(() => {}), 100));
  await informer.start();

  const write = async (name: string, n: string): Promise<void> => {
    await eventually(`writing ${name}`, async () => {
      await core
        .createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { n } } })
        .catch((error: unknown) => {
          if (!String(error).includes('already exists')) throw error;
        });
      return true;
    });
  };
  for (let at = 0; at < 5; at += 1) await write(`before-${at}`, String(at));
  const pid = await serverPid();
  expect(pid).toBeGreaterThan(1);
  process.kill(pid, 'SIGKILL');
  for (let at = 0; at < 5; at += 1) await write(`during-${at}`, String(at));
  await core.deleteNamespacedConfigMap({ namespace, name: 'before-0' });
  for (let at = 0; at < 5; at += 1) await write(`after-${at}`, String(at));

  const names = (): string[] => [...seen.keys()].filter((name) => /^(?:before|during|after)-/.test(name)).toSorted();
  const { items } = await core.listNamespacedConfigMap({ namespace });
  const wanted = items
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => /^(?:before|during|after)-/.test(name));
  expect(wanted).toHaveLength(14);
  await eventually('the informer to know all of it', async () => names().join() === wanted.toSorted().join());
  expect(names()).toEqual(wanted.toSorted());
  await informer.stop();
});
