import { forbidden, notSupported, required, tooLong, type Fault } from '../../schema/fault.ts';
import { of, string, struct, type Infer } from '../../schema/field.ts';
import { checkDns1123Label, checkDomainPrefixedPath, checkPathSegment } from '../../schema/names.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { complaintFaults, immutableFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

const maxControllerBytes = 250;

export const IngressClassParametersReference = struct(
  'io.k8s.api.networking.v1.IngressClassParametersReference',
  'An object that holds further settings of a class.',
  {
    apiGroup: string(1).pointer().doc("Group of that object's kind; the core group when left out."),
    kind: string(2).present().doc('Kind of that object.'),
    name: string(3).present().doc('Name of that object.'),
    scope: string(4).pointer().default('Cluster').always().doc('Cluster, or Namespace when the object lives in one.'),
    namespace: string(5).pointer().doc('Namespace of the object, if the scope is Namespace.'),
  },
);
export interface IngressClassParametersReference extends Infer<typeof IngressClassParametersReference> {}

export const IngressClassSpec = struct(
  'io.k8s.api.networking.v1.IngressClassSpec',
  'Who looks after Ingresses of the class, and with which settings.',
  {
    controller: string(1).doc(
      'Name of the controller that serves the class, such as `example.com/ingress`; never changes.',
    ),
    parameters: of(2, IngressClassParametersReference).doc('Object with further settings for the controller.'),
  },
);
export interface IngressClassSpec extends Infer<typeof IngressClassSpec> {}

export const IngressClass = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.networking.v1',
  doc: 'Names a controller of Ingresses, so that an Ingress can choose it with ingressClassName.',
  fields: {
    spec: of(2, IngressClassSpec).always().doc('Controller and settings.'),
  },
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', doc: 'Who serves the class.', value: (each) => each.spec?.controller ?? '' },
    {
      name: 'Parameters',
      type: 'string',
      doc: 'Object with further settings.',
      value: (each) => formatParameters(each.spec?.parameters),
    },
    ageColumn,
  ],
  validate: (each) => classFaults(each.spec ?? {}),
  validateUpdate: (young, old) =>
    immutableFaults('spec.controller', young.spec?.controller ?? '', old.spec?.controller ?? ''),
});
export interface IngressClass extends ObjectOf<typeof IngressClass> {}

function formatParameters(reference: IngressClassParametersReference | undefined): string {
  if (reference === undefined) return '<none>';
  const group = reference.apiGroup === undefined ? '' : `.${reference.apiGroup}`;
  return `${reference.kind}${group}/${reference.name}`;
}

function classFaults({ controller = '', parameters }: Loose<IngressClassSpec>): Fault[] {
  return [
    ...controllerFaults(controller),
    ...(parameters === undefined ? [] : parametersFaults(parameters, 'spec.parameters')),
  ];
}

function controllerFaults(controller: string): Fault[] {
  const path = 'spec.controller';
  if (controller === '') return [required(path)];
  return [
    ...(Buffer.byteLength(controller) > maxControllerBytes ? [tooLong(path, maxControllerBytes)] : []),
    ...checkDomainPrefixedPath(controller).flatMap(({ part, text }) => complaintFaults(path, part, [text])),
  ];
}

function parametersFaults(reference: Loose<IngressClassParametersReference>, path: string): Fault[] {
  return [...referenceFaults(reference, path), ...scopeFaults(reference, path)];
}

/** A reference to an object by group, kind and name. */
export function referenceFaults(
  reference: {
    readonly apiGroup?: string | undefined;
    readonly kind?: string | undefined;
    readonly name?: string | undefined;
  },
  path: string,
): Fault[] {
  const { apiGroup, kind = '', name = '' } = reference;
  return [
    ...(apiGroup === undefined ? [] : subdomainFaults(`${path}.apiGroup`, apiGroup)),
    ...(kind === '' ? [required(`${path}.kind`)] : complaintFaults(`${path}.kind`, kind, checkPathSegment(kind))),
    ...(name === '' ? [required(`${path}.name`)] : complaintFaults(`${path}.name`, name, checkPathSegment(name))),
  ];
}

function scopeFaults({ scope, namespace }: Loose<IngressClassParametersReference>, path: string): Fault[] {
  switch (scope) {
    case undefined:
      return [required(`${path}.scope`)];
    case 'Cluster':
      if (namespace === undefined) return [];
      return [forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")];
    case 'Namespace':
      if (namespace === undefined) return [required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")];
      return complaintFaults(`${path}.namespace`, namespace, checkDns1123Label(namespace));
    default:
      return [notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])];
  }
}
