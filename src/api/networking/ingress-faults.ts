/** What is wrong with an Ingress. Texts and paths are those of Kubernetes 1.35. */
import { invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import {
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkPortName,
  checkPortNumber,
  checkWildcardSubdomain,
  type Complaints,
} from '../../schema/names.ts';
import { addressFaults, parseAddress } from '../rules/addresses.ts';
import { complaintFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose, LooseObject } from '../rules/loose.ts';
import { referenceFaults } from './ingress-class.ts';
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressStatus,
  IngressTLS,
} from './ingress.ts';

/** What an update may keep since it is stored already, though a new Ingress may not have it. */
interface Tolerance {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
  /** Service names that start with a digit. */
  readonly serviceNames: boolean;
}

const strict: Tolerance = { secretNames: false, wildcardRules: false, serviceNames: false };

export function ingressFaults(ingress: LooseObject<IngressSpec>, old?: LooseObject<IngressSpec>): Fault[] {
  const tolerance = old === undefined ? strict : toleranceOf(old);
  const { spec = {} } = ingress;
  const { rules = [], defaultBackend } = spec;
  return [
    ...(rules.length === 0 && defaultBackend === undefined
      ? [invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(defaultBackend === undefined ? [] : backendFaults(defaultBackend, 'spec.defaultBackend', tolerance)),
    ...rules.flatMap((rule, index) => ruleFaults(rule, `spec.rules[${index}]`, tolerance)),
    ...(spec.tls ?? []).flatMap((tls, index) => tlsFaults(tls, `spec.tls[${index}]`, tolerance)),
    ...(spec.ingressClassName === undefined ? [] : subdomainFaults('spec.ingressClassName', spec.ingressClassName)),
    ...(old === undefined ? annotationFaults(ingress) : []),
  ];
}

/** At creation the old annotation and the new field must agree. Upstream leaves `metadata` out of this path. */
function annotationFaults({ metadata, spec }: LooseObject<IngressSpec>): Fault[] {
  const key = 'kubernetes.io/ingress.class';
  const annotation = metadata?.annotations?.[key];
  const named = spec?.ingressClassName;
  if (annotation === undefined || named === undefined || annotation === named) return [];
  return [invalid(`annotations.${key}`, annotation, 'must match `ingressClassName` when both are specified')];
}

function toleranceOf({ spec = {} }: LooseObject<IngressSpec>): Tolerance {
  const { rules = [], tls = [], defaultBackend } = spec;
  const backends = [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  return {
    secretNames: tls.some(({ secretName = '' }) => secretName !== '' && checkDns1123Subdomain(secretName).length > 0),
    wildcardRules: rules.some((rule) => isWildcard(rule) && ruleValueFaults(rule, '', strict).length > 0),
    serviceNames: backends.some((backend) => {
      const name = backend?.service?.name;
      return name !== undefined && checkDns1123Label(name).length === 0 && checkDns1035Label(name).length > 0;
    }),
  };
}

const isWildcard = ({ host = '' }: Loose<IngressRule>): boolean => host.includes('*');

const checkHost = (host: string): Complaints =>
  host.includes('*') ? checkWildcardSubdomain(host) : checkDns1123Subdomain(host);

function ruleFaults(rule: Loose<IngressRule>, path: string, tolerance: Tolerance): Fault[] {
  const { host = '' } = rule;
  return [
    ...(parseAddress(host) === undefined
      ? []
      : [invalid(`${path}.host`, host, 'must be a DNS name, not an IP address')]),
    ...(host === '' ? [] : complaintFaults(`${path}.host`, host, checkHost(host))),
    ...(isWildcard(rule) && tolerance.wildcardRules ? [] : ruleValueFaults(rule, path, tolerance)),
  ];
}

function ruleValueFaults({ http }: Loose<IngressRule>, path: string, tolerance: Tolerance): Fault[] {
  if (http === undefined) return [];
  const { paths = [] } = http;
  if (paths.length === 0) return [required(`${path}.http.paths`)];
  return paths.flatMap((each, index) => pathFaults(each, `${path}.http.paths[${index}]`, tolerance));
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];

function pathFaults(each: Loose<HTTPIngressPath>, path: string, tolerance: Tolerance): Fault[] {
  const { pathType, backend = {} } = each;
  if (pathType === undefined) return [required(`${path}.pathType`, 'pathType must be specified')];
  const complaints = pathComplaints(each.path ?? '', pathType);
  return [
    ...(pathTypes.includes(pathType) ? [] : [notSupported(`${path}.pathType`, pathType, pathTypes)]),
    ...complaintFaults(`${path}.path`, each.path ?? '', complaints),
    ...backendFaults(backend, `${path}.backend`, tolerance),
  ];
}

function pathComplaints(value: string, type: string): Complaints {
  const relative = value.startsWith('/') ? [] : ['must be an absolute path'];
  if (type === 'ImplementationSpecific') return value === '' ? [] : relative;
  if (!pathTypes.includes(type)) return [];
  return [
    ...relative,
    ...badSequences.filter((bad) => value.includes(bad)).map((bad) => `must not contain '${bad}'`),
    ...badEndings.filter((bad) => value.endsWith(bad)).map((bad) => `cannot end with '${bad}'`),
  ];
}

function backendFaults({ service, resource }: Loose<IngressBackend>, path: string, tolerance: Tolerance): Fault[] {
  if (resource !== undefined && service !== undefined) {
    return [invalid(path, '', 'cannot set both resource and service backends')];
  }
  if (resource !== undefined) return referenceFaults(resource, `${path}.resource`);
  if (service !== undefined) return serviceFaults(service, path, tolerance);
  return [invalid(path, '', 'resource or service backend is required')];
}

function serviceFaults(
  { name = '', port = {} }: Loose<IngressServiceBackend>,
  path: string,
  tolerance: Tolerance,
): Fault[] {
  const checkName = tolerance.serviceNames ? checkDns1123Label : checkDns1035Label;
  const own = `${path}.service`;
  return [
    ...(name === '' ? [required(`${own}.name`)] : complaintFaults(`${own}.name`, name, checkName(name))),
    ...portFaults(port.name ?? '', port.number ?? 0, path),
  ];
}

function portFaults(name: string, number: number, path: string): Fault[] {
  const own = `${path}.service.port`;
  if (name !== '' && number !== 0) return [invalid(path, '', 'cannot set both port name & port number')];
  if (name !== '') return complaintFaults(`${own}.name`, name, checkPortName(name));
  if (number !== 0) return complaintFaults(`${own}.number`, number, checkPortNumber(number));
  return [required(path, 'port name or number is required')];
}

function tlsFaults({ hosts = [], secretName = '' }: Loose<IngressTLS>, path: string, tolerance: Tolerance): Fault[] {
  return [
    ...hosts.flatMap((host, index) => complaintFaults(`${path}.hosts[${index}]`, host, checkHost(host))),
    ...(secretName === '' || tolerance.secretNames ? [] : subdomainFaults(`${path}.secretName`, secretName)),
  ];
}

export function ingressStatusFaults({ loadBalancer }: Loose<IngressStatus>): Fault[] {
  return (loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, index) => {
    const path = `status.loadBalancer.ingress[${index}]`;
    return [
      ...(ip === '' ? [] : addressFaults(`${path}.ip`, ip)),
      ...(hostname === '' ? [] : subdomainFaults(`${path}.hostname`, hostname)),
      ...(parseAddress(hostname) === undefined
        ? []
        : [invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address')]),
    ];
  });
}
