/** About Services, in upstream's words (pkg/api/service/warnings.go). */
import { addressWarnings, cidrWarnings } from '../../rules/addresses.ts';
import type { Loose, LooseObject } from '../../rules/loose.ts';
import type { ServiceSpec, ServiceStatus } from '../service.ts';

const oldHints = 'service.kubernetes.io/topology-aware-hints';
const topologyMode = 'service.kubernetes.io/topology-mode';

export function serviceWarnings({ metadata, spec = {} }: LooseObject<ServiceSpec>): string[] {
  const hints = metadata?.annotations?.[oldHints] !== undefined;
  return [
    ...(hints ? [`annotation ${oldHints} is deprecated, please use ${topologyMode} instead`] : []),
    ...(hasClusterIp(spec) ? each('spec.clusterIPs', spec.clusterIPs, addressWarnings) : []),
    ...headlessWarnings(spec),
    ...each('spec.externalIPs', spec.externalIPs, addressWarnings),
    ...addressWarnings('spec.loadBalancerIP', spec.loadBalancerIP ?? ''),
    ...each('spec.loadBalancerSourceRanges', spec.loadBalancerSourceRanges, cidrWarnings),
    ...externalNameWarnings(spec),
    ...(spec.trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}

/** About what a load balancer has reported. */
export function serviceStatusWarnings({ status }: LooseObject<unknown, ServiceStatus>): string[] {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
  return each('status.loadBalancer.ingress', addresses, addressWarnings);
}

const hasClusterIp = ({ clusterIP = '' }: Loose<ServiceSpec>): boolean => clusterIP !== '' && clusterIP !== 'None';

const each = (
  path: string,
  values: readonly string[] | undefined,
  about: (path: string, value: string) => string[],
): string[] => (values ?? []).flatMap((value, index) => about(`${path}[${index}]`, value));

function headlessWarnings(spec: Loose<ServiceSpec>): string[] {
  if (spec.type !== 'ClusterIP' || spec.clusterIP !== 'None') return [];
  const ignored = [
    (spec.loadBalancerIP ?? '') !== '' && 'loadBalancerIP',
    (spec.externalIPs ?? []).length > 0 && 'externalIPs',
    spec.sessionAffinity !== 'None' && 'SessionAffinity',
  ];
  return ignored.filter((field) => field !== false).map((field) => `spec.${field} is ignored for headless services`);
}

function externalNameWarnings({ type, externalIPs = [], externalName = '' }: Loose<ServiceSpec>): string[] {
  if (type === 'ExternalName') {
    return externalIPs.length > 0 ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : [];
  }
  return externalName === '' ? [] : ['spec.externalName is ignored when spec.type is not "ExternalName"'];
}
