/** The ConfigMap `kube-public/cluster-info`, which everybody may read: where the API is, and who signs for it. */
import type { ConfigMap } from '../../api/core/config-map.ts';
import type { Draft } from '../../api/kind.ts';
import { clusterInfo } from '../../controllers/bootstrap-token/token.ts';

export interface ClusterInfo {
  /** Such as `https://192.0.2.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
}

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string };
  }[];
}

/** A kubeconfig without users, as kubeadm writes it; JSON is YAML. */
export function clusterInfoMap({ server, authority }: ClusterInfo): Draft<ConfigMap> {
  const cluster = { 'certificate-authority-data': Buffer.from(authority).toString('base64'), server };
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] };
  const { namespace, name, key } = clusterInfo;
  return { metadata: { namespace, name }, data: { [key]: JSON.stringify(kubeconfig) } };
}

/** Undefined when the text is not such a kubeconfig. */
export function parseClusterInfo(text: string): ClusterInfo | undefined {
  try {
    const cluster = (JSON.parse(text) as Kubeconfig).clusters?.[0]?.cluster;
    const authority = Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString();
    if (cluster?.server === undefined || !authority.includes('BEGIN CERTIFICATE')) return undefined;
    return { server: cluster.server, authority };
  } catch {
    return undefined;
  }
}
