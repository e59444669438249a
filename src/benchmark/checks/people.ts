/** Which namespaces, pods and roles are the system's own: checks are about what users have made of the cluster. */
import type { ObjectFacts } from '../facts.ts';
import type { Pod } from '../../api/core/pod.ts';

const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

export const isSystemNamespace = (name: string): boolean => systemNamespaces.has(name);

/** Made by the server itself at its start, or for one of the cluster's own parts. */
export const isSystemName = (name: string): boolean => /^(system:|coracle:|kubeadm:)/u.test(name);

export function userPods({ pods }: ObjectFacts): readonly Pod[] {
  return pods.filter(({ metadata, status }) => {
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return !isSystemNamespace(metadata.namespace ?? '') && !ended;
  });
}

export const nameOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;
