import { inline, int32, list, of, string, struct, type Infer } from '../../schema/field.ts';
import { TypedLocalObjectReference } from '../core/persistent-volume-claim.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { ingressFaults, ingressStatusFaults } from './ingress-faults.ts';

export const ServiceBackendPort = struct(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  'A port of a Service, by name or by number.',
  {
    name: string(1).doc("The port's name; not together with number."),
    number: int32(2).doc("The port's number, such as 80; not together with name."),
  },
  { atomic: true },
);
export interface ServiceBackendPort extends Infer<typeof ServiceBackendPort> {}

export const IngressServiceBackend = struct(
  'io.k8s.api.networking.v1.IngressServiceBackend',
  'A Service that requests are passed to.',
  {
    name: string(1).required().doc('Name of the Service, in the same namespace as the Ingress.'),
    port: of(2, ServiceBackendPort).always().doc('Which of its ports.'),
  },
);
export interface IngressServiceBackend extends Infer<typeof IngressServiceBackend> {}

export const IngressBackend = struct(
  'io.k8s.api.networking.v1.IngressBackend',
  'Where requests go: to a Service or to some other object.',
  {
    service: of(4, IngressServiceBackend).doc('A Service; not together with resource.'),
    resource: of(3, TypedLocalObjectReference).doc(
      'Some other object that the controller knows; not together with service.',
    ),
  },
);
export interface IngressBackend extends Infer<typeof IngressBackend> {}

export const IngressTLS = struct(
  'io.k8s.api.networking.v1.IngressTLS',
  'Hosts that are served over TLS, and with which certificate.',
  {
    hosts: list(1, string()).doc('Host names that the certificate is for.'),
    secretName: string(2).doc('Secret with the certificate (tls.crt) and its key (tls.key).'),
  },
);
export interface IngressTLS extends Infer<typeof IngressTLS> {}

export const HTTPIngressPath = struct(
  'io.k8s.api.networking.v1.HTTPIngressPath',
  'Requests under one path, and where they go.',
  {
    path: string(1).doc('The path that requests are compared with; starts with a slash.'),
    pathType: string(3)
      .pointer()
      .present()
      .doc(
        "How to compare: Exact, Prefix (whole path segments), or ImplementationSpecific (the controller's own way).",
      ),
    backend: of(2, IngressBackend).present().doc('Where matching requests go.'),
  },
);
export interface HTTPIngressPath extends Infer<typeof HTTPIngressPath> {}

export const HTTPIngressRuleValue = struct(
  'io.k8s.api.networking.v1.HTTPIngressRuleValue',
  'Paths of one host, and where each goes.',
  {
    paths: list(1, HTTPIngressPath).present().doc('The paths; the longest that matches wins.'),
  },
);
export interface HTTPIngressRuleValue extends Infer<typeof HTTPIngressRuleValue> {}

export const IngressRuleValue = struct('io.k8s.api.networking.v1.IngressRuleValue', 'What a rule does.', {
  http: of(1, HTTPIngressRuleValue).doc(
    'Paths of the host and where they go; everything goes to the default backend without it.',
  ),
});
export interface IngressRuleValue extends Infer<typeof IngressRuleValue> {}

export const IngressRule = struct('io.k8s.api.networking.v1.IngressRule', 'What happens to requests for one host.', {
  host: string(1).doc('Host name, such as `foo.example.com` or `*.example.com`; every host when left out.'),
  ...inline(2, IngressRuleValue),
});
export interface IngressRule extends Infer<typeof IngressRule> {}

export const IngressSpec = struct('io.k8s.api.networking.v1.IngressSpec', 'Which requests go where.', {
  ingressClassName: string(4)
    .pointer()
    .doc('IngressClass whose controller serves this Ingress; the default class when left out.'),
  defaultBackend: of(1, IngressBackend).doc('Where requests go that no rule matches.'),
  tls: list(2, IngressTLS).doc('Hosts that are served over TLS.'),
  rules: list(3, IngressRule).doc('What happens to requests, host by host.'),
});
export interface IngressSpec extends Infer<typeof IngressSpec> {}

export const IngressPortStatus = struct(
  'io.k8s.api.networking.v1.IngressPortStatus',
  'How one port of an entry point is doing.',
  {
    port: int32(1).present().doc('Number of the port.'),
    protocol: string(2).enum('SCTP', 'TCP', 'UDP').present().doc('TCP, UDP or SCTP.'),
    error: string(3)
      .pointer()
      .doc('Why the port does not work, as one word with an optional prefix; absent when it does.'),
  },
);
export interface IngressPortStatus extends Infer<typeof IngressPortStatus> {}

export const IngressLoadBalancerIngress = struct(
  'io.k8s.api.networking.v1.IngressLoadBalancerIngress',
  'One entry point at which the Ingress is served.',
  {
    ip: string(1).doc('Its IP address, if it has one.'),
    hostname: string(2).doc('Its host name, if it has one.'),
    ports: list(4, IngressPortStatus).doc('Its ports.'),
  },
);
export interface IngressLoadBalancerIngress extends Infer<typeof IngressLoadBalancerIngress> {}

export const IngressLoadBalancerStatus = struct(
  'io.k8s.api.networking.v1.IngressLoadBalancerStatus',
  'Where the Ingress can be reached.',
  {
    ingress: list(1, IngressLoadBalancerIngress).doc('Its entry points.'),
  },
);
export interface IngressLoadBalancerStatus extends Infer<typeof IngressLoadBalancerStatus> {}

export const IngressStatus = struct(
  'io.k8s.api.networking.v1.IngressStatus',
  'What the controller made of the Ingress.',
  {
    loadBalancer: of(1, IngressLoadBalancerStatus).always().doc('Where it can be reached.'),
  },
);
export interface IngressStatus extends Infer<typeof IngressStatus> {}

export const Ingress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  scope: 'Namespaced',
  package: 'io.k8s.api.networking.v1',
  doc: 'Rules by which HTTP requests from outside reach Services, by host and path.',
  fields: {
    spec: of(2, IngressSpec).always().doc('Which requests go where.'),
    status: of(3, IngressStatus).always().doc('Where the Ingress can be reached.'),
  },
  subresources: { status: true },
  columns: [
    nameColumn,
    {
      name: 'Class',
      type: 'string',
      doc: 'IngressClass that serves it.',
      value: ({ spec }) => spec?.ingressClassName ?? '<none>',
    },
    {
      name: 'Hosts',
      type: 'string',
      doc: 'Hosts that it has rules for.',
      value: ({ spec }) => formatHosts(spec?.rules),
    },
    {
      name: 'Address',
      type: 'string',
      doc: 'Where it can be reached.',
      value: ({ status }) => formatEntryPoints(status?.loadBalancer?.ingress),
    },
    {
      name: 'Ports',
      type: 'string',
      doc: 'Ports that it is served on.',
      value: ({ spec }) => ((spec?.tls ?? []).length > 0 ? '80, 443' : '80'),
    },
    ageColumn,
  ],
  validate: ingressFaults,
  validateStatusUpdate: (young) => ingressStatusFaults(young.status ?? {}),
});
export interface Ingress extends ObjectOf<typeof Ingress> {}

/** The first three hosts. Rules after the third named one count as more, whether they name a host or not. */
function formatHosts(rules: readonly IngressRule[] = []): string {
  const hosts = rules.map(({ host = '' }) => host);
  const named = hosts.flatMap((host, index) => (host === '' ? [] : [index])).slice(0, 3);
  if (named.length === 0) return '*';
  const shown = named.map((index) => hosts[index]).join(',');
  const more = named.length === 3 && (named[2] ?? 0) < rules.length - 1;
  return more ? `${shown} + ${rules.length - 3} more...` : shown;
}

function formatEntryPoints(points: readonly IngressLoadBalancerIngress[] = []): string {
  const names = points.map(({ ip = '', hostname = '' }) => (ip === '' ? hostname : ip));
  return [...new Set(names)]
    .filter((name) => name !== '')
    .toSorted()
    .join(',');
}
