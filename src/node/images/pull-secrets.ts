/** The pull secrets that a pod names. Its service account's were copied into it when it was admitted. */
import type { Pod } from '../../api/core/pod.ts';
import type { Secret } from '../../api/core/secret.ts';
import type { ConfigurationReader } from '../container/environment.ts';
import { namespaceOf } from '../pod/names.ts';

export async function pullSecretsOf(pod: Pod, reader: Pick<ConfigurationReader, 'secret'>): Promise<readonly Secret[]> {
  const names = (pod.spec?.imagePullSecrets ?? []).map((each) => each.name ?? '');
  const found = await Promise.all(names.map((name) => reader.secret(namespaceOf(pod), name)));
  return found.filter((secret) => secret !== undefined);
}
