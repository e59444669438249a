/** Every namespace has a ServiceAccount `default`: pods that name none run under it. */
import { Namespace } from '../../api/core/namespace.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { isAlreadyExists, isNotFound, ApiError } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';

const accountName = 'default';

export function serviceAccountController({ client, informers, clock, logger }: Dependencies): Controller {
  const namespaces = informers.of(Namespace);
  const accounts = informers.of(ServiceAccount);
  return new Controller(
    {
      name: 'serviceaccount',
      sources: [
        watching(namespaces),
        watching(accounts, ({ type, object }) => (type === 'deleted' ? [object.metadata.namespace ?? ''] : [])),
      ],
      async reconcile(name) {
        const namespace = namespaces.get({ name });
        if (namespace === undefined || namespace.status?.phase === 'Terminating') return;
        if (accounts.get({ namespace: name, name: accountName }) !== undefined) return;
        try {
          await client.create(ServiceAccount, { metadata: { name: accountName, namespace: name } });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNotFound(error) && !isTerminating(error)) throw error;
        }
      },
    },
    { clock, logger },
  );
}

/** The namespace began to terminate meanwhile. */
export function isTerminating(error: unknown): boolean {
  return error instanceof ApiError && error.code === 403 && error.message.includes('because it is being terminated');
}
