/**
 * Up to 1.23, Kubernetes made a Secret with a token for each service account. The suite of v1.20 waits in each new
 * namespace until the default one names a Secret before it runs anything; this gives it a name to see.
 */
import { ServiceAccount } from '../../src/api/core/service-account.ts';
import { systemClock } from '../../src/base/clock.ts';
import { isNotFound } from '../../src/client/client.ts';
import { createHttpsClient } from '../../src/client/https-client.ts';
import { Informer } from '../../src/client/informer.ts';
import { loadAccess } from '../../src/client/kubeconfig.ts';

/** Follows the cluster until `stop` is called. */
export async function nameSecrets(kubeconfig: string): Promise<{ readonly stop: () => Promise<void> }> {
  const access = await loadAccess({ clock: systemClock, environment: { KUBECONFIG: kubeconfig } });
  const client = createHttpsClient({ access, clock: systemClock });
  const informer = new Informer({ client, kind: ServiceAccount, clock: systemClock });
  const name = ({ metadata, secrets = [] }: ServiceAccount): void => {
    if (metadata.name !== 'default' || secrets.length > 0) return;
    const ref = { namespace: metadata.namespace, name: metadata.name };
    client
      .patch(ServiceAccount, ref, { secrets: [{ name: 'legacy-token' }] }, { type: 'merge' })
      .catch((error: unknown) => {
        // Its namespace is gone again.
        if (!isNotFound(error)) console.error(`cannot name a Secret in ${metadata.namespace}: ${String(error)}`);
      });
  };
  informer.subscribe({ added: name, updated: name });
  const ending = new AbortController();
  const running = informer.run(ending.signal);
  await informer.whenSynced();
  return {
    async stop() {
      ending.abort();
      await running;
      await client.close();
    },
  };
}
