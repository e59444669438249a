/** Services: what a type demands and forbids, addresses and families, and what may not change. */
import { duplicate, forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkPortNumber } from '../../schema/names.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { addressFaults, cidrFaults, parseAddress, specialAddressFaults } from '../rules/addresses.ts';
import {
  complaintFaults,
  dnsLabelFaults,
  ifSet,
  labelNameFaults,
  portFaults,
  subdomainFaults,
} from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { ServicePort, ServiceSpec, ServiceStatus } from './service.ts';
import { isExternallyAccessible } from './service-defaults.ts';
import { needsHealthPort } from './service-update.ts';
import {
  clusterIPFaults,
  clusterIPUpdateFaults,
  familyUpdateFaults,
  isHeadless,
} from './validate-service-addresses.ts';

const sourceRanges = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** A day. */
const longestAffinity = 86_400;

interface ServiceLike {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<ServiceSpec> | undefined;
  readonly status?: Loose<ServiceStatus> | undefined;
}

type Spec = Loose<ServiceSpec>;

export function serviceFaults({ metadata, spec = {} }: ServiceLike): Fault[] {
  return [
    ...typeFaults(spec),
    ...portsFaults(spec),
    ...labelFaults(spec.selector, 'spec.selector'),
    ...affinityFaults(spec),
    ...clusterIPFaults(spec),
    ...(spec.externalIPs ?? []).flatMap((address, index) =>
      externalIPFaults(address ?? '', `spec.externalIPs[${index}]`),
    ),
    ...sourceRangeFaults(spec, metadata?.annotations?.[sourceRanges]),
    ...balancerFaults(spec),
    ...trafficFaults(spec),
  ];
}

function typeFaults(spec: Spec): Fault[] {
  const headless = isHeadless(spec);
  const text = `may not be set to 'None' for ${spec.type ?? ''} services`;
  const reachable = spec.type === 'LoadBalancer' || spec.type === 'NodePort';
  return [
    ...((spec.ports ?? []).length === 0 && !headless && spec.type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...(headless && reachable ? [invalid('spec.clusterIPs[0]', 'None', text)] : []),
    ...(spec.type === 'ExternalName' ? externalNameFaults(spec) : []),
  ];
}

function externalNameFaults(spec: Spec): Fault[] {
  const text = 'may not be set for ExternalName services';
  const name = (spec.externalName ?? '').replace(/\.$/u, '');
  return [
    ...((spec.clusterIPs ?? []).length > 0 ? [forbidden('spec.clusterIPs', text)] : []),
    ...((spec.ipFamilies ?? []).length > 0 ? [forbidden('spec.ipFamilies', text)] : []),
    ...(spec.ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', text)]),
    ...(name === '' ? [required('spec.externalName')] : subdomainFaults('spec.externalName', name)),
  ];
}

function portsFaults(spec: Spec): Fault[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  const twice = (seen: Set<string>, key: string): boolean => {
    const again = seen.has(key);
    seen.add(key);
    return again;
  };
  return [
    ...ports.flatMap((port, index) => onePortFaults(port, ports.length > 1, names, `spec.ports[${index}]`)),
    ...ports.flatMap(({ nodePort = 0 }, index) =>
      spec.type === 'ClusterIP' && nodePort !== 0
        ? [forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : [],
    ),
    ...ports.flatMap(({ nodePort = 0, protocol }, index) =>
      nodePort !== 0 && twice(nodePorts, `${protocol}/${nodePort}`)
        ? [duplicate(`spec.ports[${index}].nodePort`, nodePort)]
        : [],
    ),
    ...ports.flatMap(({ port = 0, protocol }, index) =>
      twice(numbers, `${protocol}/${port}`) ? [duplicate(`spec.ports[${index}]`, { protocol, port })] : [],
    ),
  ];
}

/** `names` gathers the names seen so far. */
function onePortFaults(port: Loose<ServicePort>, named: boolean, names: Set<string>, path: string): Fault[] {
  const name = port.name ?? '';
  const again = name !== '' && names.has(name);
  names.add(name);
  return [
    ...(named && name === '' ? [required(`${path}.name`)] : []),
    ...ifSet(name, (text) => dnsLabelFaults(`${path}.name`, text)),
    ...(again ? [duplicate(`${path}.name`, name)] : []),
    ...complaintFaults(`${path}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0)),
    ...portFaults(`${path}.targetPort`, port.targetPort),
    ...(port.appProtocol === undefined ? [] : labelNameFaults(`${path}.appProtocol`, port.appProtocol)),
  ];
}

function affinityFaults({ sessionAffinity, sessionAffinityConfig }: Spec): Fault[] {
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None') {
    const unused = 'must not be set when session affinity is None';
    return sessionAffinityConfig === undefined ? [] : [forbidden(path, unused)];
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity !== 'ClientIP' || seconds === undefined || (seconds > 0 && seconds <= longestAffinity)) return [];
  return [
    invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${longestAffinity}`),
  ];
}

function externalIPFaults(address: string, path: string): Fault[] {
  const faults = addressFaults(path, address);
  return faults.length > 0 ? faults : specialAddressFaults(path, address);
}

function sourceRangeFaults(spec: Spec, annotation: string | undefined): Fault[] {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length === 0 && annotation === undefined) return [];
  const path = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${sourceRanges}]`;
  const texts = ranges.length > 0 ? ranges : (annotation ?? '').trim() === '' ? [] : (annotation ?? '').split(',');
  return [
    ...(spec.type === 'LoadBalancer' ? [] : [forbidden(path, "may only be used when `type` is 'LoadBalancer'")]),
    ...texts.flatMap((text, index) => cidrFaults(ranges.length > 0 ? `${path}[${index}]` : path, (text ?? '').trim())),
  ];
}

function balancerFaults(spec: Spec): Fault[] {
  const text = "may only be used when `type` is 'LoadBalancer'";
  if (spec.type === 'LoadBalancer') {
    return spec.loadBalancerClass === undefined
      ? []
      : labelNameFaults('spec.loadBalancerClass', spec.loadBalancerClass);
  }
  return [
    ...(spec.allocateLoadBalancerNodePorts === undefined
      ? []
      : [forbidden('spec.allocateLoadBalancerNodePorts', text)]),
    ...(spec.loadBalancerClass === undefined ? [] : [forbidden('spec.loadBalancerClass', text)]),
  ];
}

const policies = ['Cluster', 'Local'];

function trafficFaults(spec: Spec): Fault[] {
  const path = 'spec.externalTrafficPolicy';
  const policy: string = spec.externalTrafficPolicy ?? '';
  const external = isExternallyAccessible(spec)
    ? externalPolicyFaults(policy, path)
    : ifSet(policy, () => [invalid(path, policy, 'may only be set for externally-accessible services')]);
  return [...external, ...healthPortFaults(spec)];
}

function externalPolicyFaults(policy: string, path: string): Fault[] {
  if (policy === '') return [required(path)];
  return policies.includes(policy) ? [] : [notSupported(path, policy, policies)];
}

/** The port itself is allocated after this check, so that its absence is no fault. */
function healthPortFaults(spec: Spec): Fault[] {
  const path = 'spec.healthCheckNodePort';
  const port = spec.healthCheckNodePort ?? 0;
  if (port === 0) return [];
  if (needsHealthPort(spec)) return complaintFaults(path, port, checkPortNumber(port));
  const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [invalid(path, port, text)];
}

export function serviceUpdateFaults({ spec = {} }: ServiceLike, old: ServiceLike): Fault[] {
  const before = old.spec ?? {};
  const bothBalancers = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  const bothHealth = needsHealthPort(spec) && needsHealthPort(before);
  return [
    ...clusterIPUpdateFaults(spec, before),
    ...familyUpdateFaults(spec, before),
    ...(bothBalancers && spec.loadBalancerClass !== before.loadBalancerClass
      ? [invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set')]
      : []),
    ...(bothHealth && (spec.healthCheckNodePort ?? 0) !== (before.healthCheckNodePort ?? 0)
      ? [forbidden('spec.healthCheckNodePort', 'field is immutable')]
      : []),
  ];
}

const modes = ['Proxy', 'VIP'];

export function serviceStatusFaults({ spec, status }: ServiceLike): Fault[] {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (spec?.type !== 'LoadBalancer' && ingress.length > 0) {
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  return ingress.flatMap(({ ip = '', hostname = '', ipMode }, index) => {
    const at = `${path}[${index}]`;
    return [
      ...ifSet(ip, (address) => addressFaults(`${at}.ip`, address)),
      ...modeFaults(ip, ipMode, `${at}.ipMode`),
      ...ifSet(hostname, (name) => subdomainFaults(`${at}.hostname`, name)),
      ...(hostname !== '' && parseAddress(hostname) !== undefined
        ? [invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address')]
        : []),
    ];
  });
}

function modeFaults(ip: string, mode: string | undefined, path: string): Fault[] {
  if (mode === undefined) return ip === '' ? [] : [required(path, 'must be specified when `ip` is set')];
  if (ip === '') return [forbidden(path, 'may not be specified when `ip` is not set')];
  return modes.includes(mode) ? [] : [notSupported(path, mode, modes)];
}
