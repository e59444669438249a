/** What is let in but deserves a word, in a Service. Texts are those of Kubernetes 1.35 (pkg/api/service/warnings.go). */
import type { ObjectMeta } from '../meta/object-meta.ts';
import { addressWarnings, cidrWarnings } from '../rules/addresses.ts';
import type { ServiceSpec } from './service.ts';

interface ServiceLike {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: ServiceSpec;
}

export function serviceWarnings({ metadata, spec = {} }: ServiceLike): string[] {
  const hints = 'service.kubernetes.io/topology-aware-hints';
  const { clusterIPs = [], externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [] } = spec;
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  return [
    ...(metadata?.annotations?.[hints] === undefined
      ? []
      : [`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`]),
    ...clusterIPs.flatMap((ip, at) => addressWarnings(`spec.clusterIPs[${at}]`, ip)),
    ...(isHeadless ? headlessWarnings(spec) : []),
    ...externalIPs.flatMap((ip, at) => addressWarnings(`spec.externalIPs[${at}]`, ip)),
    ...(loadBalancerIP === '' ? [] : addressWarnings('spec.loadBalancerIP', loadBalancerIP)),
    ...loadBalancerSourceRanges.flatMap((cidr, at) => cidrWarnings(`spec.loadBalancerSourceRanges[${at}]`, cidr)),
    ...typeWarnings(spec),
  ];
}

function headlessWarnings({ loadBalancerIP = '', externalIPs = [], sessionAffinity = 'None' }: ServiceSpec): string[] {
  return [
    ...(loadBalancerIP === '' ? [] : ['spec.loadBalancerIP is ignored for headless services']),
    ...(externalIPs.length === 0 ? [] : ['spec.externalIPs is ignored for headless services']),
    ...(sessionAffinity === 'None' ? [] : ['spec.SessionAffinity is ignored for headless services']),
  ];
}

function typeWarnings({ type, externalIPs = [], externalName = '', trafficDistribution }: ServiceSpec): string[] {
  const isName = type === 'ExternalName';
  return [
    ...(isName && externalIPs.length > 0 ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : []),
    ...(!isName && externalName !== '' ? ['spec.externalName is ignored when spec.type is not "ExternalName"'] : []),
    ...(trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}
