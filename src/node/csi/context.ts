/** What a driver hears of the pod that it publishes a volume for. */
import type { Pod } from '../../api/core/pod.ts';
import type { CSIDriver } from '../../api/storage/csi-driver.ts';
import { namespaceOf } from '../pod/names.ts';
import type { CsiSource } from './volumes.ts';

/** A token of the pod's service account for an audience, with its end as a timestamp. */
export type TokenSource = (
  pod: Pod,
  audience: string,
  seconds: number | undefined,
) => Promise<{ readonly token: string; readonly expirationTimestamp: string }>;

/** The volume's attributes, with the pod and tokens of it where the driver asks for them. */
export async function volumeContext(
  pod: Pod,
  source: CsiSource,
  installed: CSIDriver | undefined,
  token: TokenSource,
): Promise<Readonly<Record<string, string>>> {
  const { podInfoOnMount = false, tokenRequests = [] } = installed?.spec ?? {};
  const prefix = 'csi.storage.k8s.io';
  const about = {
    [`${prefix}/pod.name`]: pod.metadata.name,
    [`${prefix}/pod.namespace`]: namespaceOf(pod),
    [`${prefix}/pod.uid`]: pod.metadata.uid,
    [`${prefix}/serviceAccount.name`]: pod.spec?.serviceAccountName ?? 'default',
    [`${prefix}/ephemeral`]: `${source.ephemeral}`,
  };
  const tokens = await Promise.all(
    tokenRequests.map(async ({ audience, expirationSeconds }) => [
      audience,
      await token(pod, audience, expirationSeconds),
    ]),
  );
  return {
    ...source.attributes,
    ...(podInfoOnMount ? about : {}),
    ...(tokens.length === 0 ? {} : { [`${prefix}/serviceAccount.tokens`]: JSON.stringify(Object.fromEntries(tokens)) }),
  };
}
