/**
 * Signs the ConfigMap `cluster-info` with every bootstrap token that may sign: who knows a token can tell that the
 * cluster which shows this authority knows it, too.
 */
import { ConfigMap } from '../../api/core/config-map.ts';
import { Secret } from '../../api/core/secret.ts';
import { isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { Dependencies } from '../dependencies.ts';
import { clusterInfo, signatureOf, tokenNamespace, tokenOf, tokenSecretType } from './token.ts';

const key = `${clusterInfo.namespace}/${clusterInfo.name}`;

export function bootstrapSigner({ client, informers, clock, logger }: Dependencies): Controller {
  const secrets = informers.of(Secret);
  const configMaps = informers.of(ConfigMap);
  return new Controller(
    {
      name: 'bootstrap-signer',
      sources: [
        watching(secrets, ({ object: { metadata, type } }) =>
          type === tokenSecretType && metadata.namespace === tokenNamespace ? [key] : [],
        ),
        watching(configMaps, ({ object: { metadata } }) =>
          metadata.namespace === clusterInfo.namespace && metadata.name === clusterInfo.name ? [key] : [],
        ),
      ],
      async reconcile(): Promise<ReconcileResult> {
        const present = configMaps.get(clusterInfo);
        if (present === undefined) return {};
        const plan = signedData(present.data ?? {}, secrets.list(), clock.now());
        if (!deepEqual(plan.data, present.data ?? {})) {
          try {
            await client.update(ConfigMap, { ...present, data: plan.data });
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
        }
        return plan.after === undefined ? {} : { after: plan.after };
      },
    },
    { clock, logger },
  );
}

/** The data with the signatures of today's tokens and no others; `after`: when the next one ends, in milliseconds. */
export function signedData(
  data: Readonly<Record<string, string>>,
  secrets: readonly Secret[],
  now: number,
): { readonly data: Readonly<Record<string, string>>; readonly after?: number } {
  const prefix = clusterInfo.signature('');
  const signed: Record<string, string> = Object.fromEntries(
    Object.entries(data).filter(([name]) => !name.startsWith(prefix)),
  );
  const content = data[clusterInfo.key];
  let next = Infinity;
  for (const secret of content === undefined ? [] : secrets) {
    const token = secret.metadata.deletionTimestamp === undefined ? tokenOf(secret) : undefined;
    // An end that can't be read counts as past.
    if (token === undefined || !token.usages.includes('signing') || !(token.expires > now)) continue;
    signed[clusterInfo.signature(token.id)] = signatureOf(content ?? '', token);
    next = Math.min(next, token.expires);
  }
  return { data: signed, ...(next === Infinity ? {} : { after: next - now }) };
}
