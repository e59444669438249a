/** What a machine must know of a cluster to be one of its nodes: a ConfigMap that nodes and bootstrap tokens may read. */
import { ConfigMap } from '../../api/core/config-map.ts';
import type { Draft } from '../../api/kind.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Client } from '../../client/client.ts';
import { isNotFound } from '../../client/client.ts';
import { parseCidr } from '../../network/cidr.ts';
import type { Backend } from '../../network/overlay.ts';
import { vniOf } from '../agent/node-runtime.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { coracleVersion } from '../version.ts';

const ref = { namespace: 'kube-system', name: 'coracle-node-config' };

export type SharedSettings = Pick<
  ClusterSettings,
  'podCidr' | 'serviceCidr' | 'clusterDomain' | 'loadBalancerPool' | 'backend'
> & {
  readonly vni: number;
  /** Of the server; the nodes' should be the same. */
  readonly version: string;
};

export function nodeConfigMap(settings: ClusterSettings): Draft<ConfigMap> {
  const { podCidr, serviceCidr, clusterDomain, loadBalancerPool, backend } = settings;
  const vni = `${vniOf(settings)}`;
  return {
    metadata: ref,
    data: { podCidr, serviceCidr, clusterDomain, loadBalancerPool, backend, vni, version: coracleVersion },
  };
}

/** Throws a UserError for a server that has none, and for one that says something else than this version reads. */
export async function readNodeConfig(client: Client): Promise<SharedSettings> {
  const configMap = await client.get(ConfigMap, ref).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new UserError(
      `the server has no ConfigMap ${ref.namespace}/${ref.name}: it is no Coracle, or an older one`,
      'bring the server to the version of this machine first',
    );
  });
  return sharedSettings(configMap.data ?? {});
}

export function sharedSettings(data: Readonly<Record<string, string>>): SharedSettings {
  const text = (name: string, isGood: (value: string) => boolean): string => {
    const value = data[name] ?? '';
    if (isGood(value)) return value;
    throw new UserError(
      `the server's ConfigMap ${ref.namespace}/${ref.name} has no good ${name}: ${JSON.stringify(value)}`,
      'run the same version of Coracle on the server and here',
    );
  };
  const isRange = (value: string): boolean => parseCidr(value) !== undefined;
  return {
    podCidr: text('podCidr', isRange),
    serviceCidr: text('serviceCidr', isRange),
    loadBalancerPool: text('loadBalancerPool', isRange),
    clusterDomain: text('clusterDomain', (value) => /^[a-z0-9.-]+$/.test(value)),
    backend: text('backend', (value) => value === 'vxlan' || value === 'routes') as Backend,
    vni: Number(text('vni', (value) => /^\d{1,8}$/.test(value))),
    version: text('version', (value) => value !== ''),
  };
}
