/** Starts a cluster for the conformance tests unless CONFORMANCE_KUBECONFIG names one. */
import { ok } from '../support/clients.ts';
import { testCluster } from '../support/cluster.ts';

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['CONFORMANCE_KUBECONFIG'] !== undefined) return undefined;
  const cluster = testCluster('conformance');
  await ok(cluster.up());
  process.env['CONFORMANCE_KUBECONFIG'] = cluster.kubeconfig;
  return async () => {
    delete process.env['CONFORMANCE_KUBECONFIG'];
    await cluster.destroy();
  };
}
