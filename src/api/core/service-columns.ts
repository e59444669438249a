/** The rows of `kubectl get services`. */
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import type { Loose } from '../rules/loose.ts';
import type { LoadBalancerStatus, ServicePort, ServiceSpec, ServiceStatus } from './service.ts';

interface ServiceRow extends KubernetesObject {
  readonly spec?: Loose<ServiceSpec>;
  readonly status?: Loose<ServiceStatus>;
}

function externalIP({ spec, status }: ServiceRow): string {
  const given = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return given.length === 0 ? '<none>' : given.join(',');
    case 'LoadBalancer': {
      const all = [...balancerAddresses(status?.loadBalancer), ...given];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function balancerAddresses(status: Loose<LoadBalancerStatus> | undefined): readonly string[] {
  const addresses = (status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  return [...new Set(addresses.filter((each) => each !== ''))].toSorted();
}

/** `80:30080/TCP`: the service's port, and after the colon the one that every node listens on. */
function ports(list: readonly Loose<ServicePort>[] | undefined): string {
  const texts = (list ?? []).map(({ port, nodePort = 0, protocol }) =>
    nodePort > 0 ? `${port ?? 0}:${nodePort}/${protocol ?? ''}` : `${port ?? 0}/${protocol ?? ''}`,
  );
  return texts.length === 0 ? '<none>' : texts.join(',');
}

export const serviceColumns: readonly Column<ServiceRow>[] = [
  nameColumn,
  { name: 'Type', type: 'string', doc: 'How the service is reached.', value: ({ spec }) => spec?.type ?? '' },
  {
    name: 'Cluster-IP',
    type: 'string',
    doc: 'Address inside the cluster.',
    value: ({ spec }) => spec?.clusterIPs?.[0] ?? '<none>',
  },
  { name: 'External-IP', type: 'string', doc: 'Addresses outside the cluster.', value: externalIP },
  {
    name: 'Port(s)',
    type: 'string',
    doc: 'Ports of the service, and of the nodes.',
    value: ({ spec }) => ports(spec?.ports),
  },
  ageColumn,
  {
    name: 'Selector',
    type: 'string',
    priority: 1,
    doc: 'Labels of the pods behind the service.',
    value: ({ spec }) => formatLabels(spec?.selector),
  },
];
