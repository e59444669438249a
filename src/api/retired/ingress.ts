/** Ingress as it was before networking.k8s.io/v1: backends are `serviceName` and `servicePort`. */
import { inline, intOrString, list, of, string, struct, type Fields } from '../../schema/field.ts';
import { IngressClass } from '../networking/ingress-class.ts';
import { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec } from '../networking/ingress.ts';
import type { Kind } from '../kind.ts';
import { renameFields } from '../rules/rename.ts';
import { changeAt, retire, vary, type Json } from './retire.ts';

/** The same structs in both groups that had it. */
function fieldsOf(pkg: string): Fields {
  const backend = vary(IngressBackend, `${pkg}.IngressBackend`, {
    without: ['service'],
    fields: {
      serviceName: string(1).doc('Name of the Service that requests go to.'),
      servicePort: intOrString(2).doc("Number or name of the Service's port."),
    },
  });
  const path = vary(HTTPIngressPath, `${pkg}.HTTPIngressPath`, {
    fields: {
      pathType: string(3)
        .pointer()
        .default('ImplementationSpecific')
        .doc('How to compare: Exact, Prefix or ImplementationSpecific.'),
      backend: of(2, backend).present().doc('Where matching requests go.'),
    },
  });
  const http = struct(`${pkg}.HTTPIngressRuleValue`, 'Paths of one host, and where each goes.', {
    paths: list(1, path).present().doc('The paths.'),
  });
  const value = struct(`${pkg}.IngressRuleValue`, 'What a rule does.', { http: of(1, http).doc('Paths of the host.') });
  const rule = vary(IngressRule, `${pkg}.IngressRule`, { without: ['http'], fields: inline(2, value) });
  const spec = vary(IngressSpec, `${pkg}.IngressSpec`, {
    without: ['defaultBackend'],
    fields: {
      backend: of(1, backend).doc('Where requests go that no rule matches.'),
      rules: list(3, rule).doc('What happens to requests, host by host.'),
    },
  });
  return { spec: of(2, spec).always().doc('Which requests go where.') };
}

const backendPath = ['spec', 'rules', '*', 'http', 'paths', '*', 'backend'];

function toStorage(object: Json): Record<string, unknown> {
  const renamed = changeAt(object, ['spec'], (spec) => renameFields(spec as Json, { backend: 'defaultBackend' }));
  const whole = changeAt(renamed, ['spec', 'defaultBackend'], newBackend);
  return changeAt(whole, backendPath, newBackend) as Record<string, unknown>;
}

function fromStorage(object: Json): Record<string, unknown> {
  const old = changeAt(object, backendPath, oldBackend);
  const whole = changeAt(old, ['spec', 'defaultBackend'], oldBackend);
  return changeAt(whole, ['spec'], (spec) => renameFields(spec as Json, { defaultBackend: 'backend' })) as Record<
    string,
    unknown
  >;
}

/** `{serviceName: web, servicePort: 80}` to `{service: {name: web, port: {number: 80}}}`. */
function newBackend(backend: unknown): Json {
  const { serviceName = '', servicePort = 0, ...rest } = backend as Json;
  if (serviceName === '' && (servicePort === 0 || servicePort === '')) return rest;
  const port = typeof servicePort === 'string' ? { name: servicePort } : { number: servicePort };
  return { ...rest, service: { name: serviceName, port: servicePort === 0 ? {} : port } };
}

function oldBackend(backend: unknown): Json {
  const { service, ...rest } = backend as Json;
  if (service === undefined) return rest;
  const { name, port = {} } = service as { name?: string; port?: { name?: string; number?: number } };
  const hasName = port.name !== undefined && port.name !== '';
  return { ...rest, serviceName: name, servicePort: hasName ? port.name : (port.number ?? 0) };
}

const convert = { toStorage, fromStorage };
const networking = { group: 'networking.k8s.io', version: 'v1beta1', package: 'io.k8s.api.networking.v1beta1' };
const extensions = { group: 'extensions', version: 'v1beta1', package: 'io.k8s.api.extensions.v1beta1' };

export const ExtensionsIngress: Kind = retire(Ingress, {
  ...extensions,
  ...convert,
  deprecated: 14,
  removed: 22,
  fields: fieldsOf(extensions.package),
});

export const IngressV1beta1: Kind = retire(Ingress, {
  ...networking,
  ...convert,
  deprecated: 19,
  removed: 22,
  fields: fieldsOf(networking.package),
});

/** Upstream's warning names the list kind here. */
export const IngressClassV1beta1: Kind = retire(IngressClass, {
  ...networking,
  deprecated: 19,
  removed: 22,
  instead: 'networking.k8s.io/v1 IngressClassList',
});
