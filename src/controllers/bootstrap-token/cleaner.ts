/** Bootstrap tokens that have expired are removed. */
import { Secret } from '../../api/core/secret.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { tokenNamespace as namespace, tokenSecretType } from './token.ts';

export function tokenCleaner({ client, informers, clock, logger }: Dependencies): Controller {
  const secrets = informers.of(Secret);
  return new Controller(
    {
      name: 'token-cleaner',
      sources: [
        watching(secrets, ({ object: { metadata, type } }) =>
          type === tokenSecretType && metadata.namespace === namespace ? [metadata.name] : [],
        ),
      ],
      async reconcile(name): Promise<ReconcileResult> {
        const secret = secrets.get({ namespace, name });
        const expiration = Buffer.from(secret?.data?.['expiration'] ?? '', 'base64').toString();
        if (secret === undefined || expiration === '') return {};
        const left = parseTimestamp(expiration) - clock.now();
        if (left > 0) return { after: left };
        try {
          await client.delete(Secret, { namespace, name }, { preconditions: { uid: secret.metadata.uid } });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return {};
      },
    },
    { clock, logger },
  );
}
