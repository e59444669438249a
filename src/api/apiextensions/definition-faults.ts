/** What is wrong with a CustomResourceDefinition. Texts and paths are those of Kubernetes 1.35. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkDns1035Label, checkDns1123Subdomain } from '../../schema/names.ts';
import { sameMeaning } from '../rules/equal.ts';
import { immutableFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import { webhookClientFaults } from '../rules/webhook-client.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
} from './custom-resource-definition.ts';
import { schemaFaults } from './schema-faults.ts';

export interface LooseDefinition {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> | undefined };
  readonly spec?: Loose<CustomResourceDefinitionSpec> | undefined;
  readonly status?: Loose<CustomResourceDefinitionStatus> | undefined;
}

export function definitionFaults(definition: LooseDefinition, old?: LooseDefinition): Fault[] {
  const { metadata, spec = {}, status = {} } = definition;
  const { names = {}, versions = [], group = '', scope = '' } = spec;
  return [
    ...ownNameFaults(metadata.name, `${names.plural ?? ''}.${group}`),
    ...groupFaults(group),
    ...scopeFaults(scope),
    ...versionsFaults(versions),
    ...requiredNameFaults(names),
    ...nameFaults(names, 'spec.names'),
    ...conversionFaults(spec.conversion),
    ...storedVersionFaults(status.storedVersions ?? [], versions),
    ...approvalFaults(definition, old),
    ...preserveFaults(spec, old?.spec),
  ];
}

function ownNameFaults(name: string, wanted: string): Fault[] {
  return name === wanted ? [] : [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
}

function preserveFaults(
  spec: Loose<CustomResourceDefinitionSpec>,
  old: Loose<CustomResourceDefinitionSpec> | undefined,
): Fault[] {
  if (spec.preserveUnknownFields !== true || old?.preserveUnknownFields === true) return [];
  return [
    invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ),
  ];
}

function groupFaults(group: string): Fault[] {
  if (group === '') return [required('spec.group')];
  const complaints = checkDns1123Subdomain(group);
  if (complaints.length > 0) return [invalid('spec.group', group, complaints.join(','))];
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')];
}

function scopeFaults(scope: string): Fault[] {
  if (scope === '') return [required('spec.scope')];
  return scope === 'Cluster' || scope === 'Namespaced'
    ? []
    : [notSupported('spec.scope', scope, ['Cluster', 'Namespaced'])];
}

function versionsFaults(versions: readonly Loose<CustomResourceDefinitionVersion>[]): Fault[] {
  const names = versions.map(({ name }) => name);
  return [
    ...versions.flatMap((version, index) => versionFaults(version, `spec.versions[${index}]`)),
    ...(new Set(names).size === names.length
      ? []
      : [invalid('spec.versions', versions, 'must contain unique version names')]),
    ...(versions.filter(({ storage }) => storage === true).length === 1
      ? []
      : [invalid('spec.versions', versions, 'must have exactly one version marked as storage version')]),
  ];
}

function versionFaults(version: Loose<CustomResourceDefinitionVersion>, path: string): Fault[] {
  const { name = '', schema, subresources, additionalPrinterColumns: columns = [], selectableFields = [] } = version;
  const complaints = checkDns1035Label(name);
  const root = schema?.openAPIV3Schema;
  return [
    ...(complaints.length > 0 ? [invalid(`${path}.name`, name, complaints.join(','))] : []),
    ...deprecationFaults(version, `${path}.deprecationWarning`),
    ...(root === undefined
      ? [required(`${path}.schema.openAPIV3Schema`)]
      : schemaFaults(root, `${path}.schema.openAPIV3Schema`, subresources?.status !== undefined)),
    ...(subresources?.scale === undefined ? [] : scaleFaults(subresources.scale, `${path}.subresources.scale`)),
    ...columns.flatMap((column, index) => columnFaults(column, `${path}.additionalPrinterColumns[${index}]`)),
    ...selectableFields.flatMap(({ jsonPath = '' }, index) =>
      jsonPath === '' ? [required(`${path}.selectableFields[${index}].jsonPath`)] : [],
    ),
  ];
}

function deprecationFaults(
  { deprecated, deprecationWarning: text }: Loose<CustomResourceDefinitionVersion>,
  path: string,
): Fault[] {
  if (text === undefined) return [];
  if (deprecated !== true) return [invalid(path, text, 'can only be set for deprecated versions')];
  return [
    ...(Buffer.byteLength(text) > 256 ? [invalid(path, text, 'must be <= 256 characters long')] : []),
    ...(text === '' ? [invalid(path, text, 'must not be an empty string')] : []),
  ];
}

function scaleFaults(scale: Loose<CustomResourceSubresourceScale>, path: string): Fault[] {
  const { specReplicasPath: wanted = '', statusReplicasPath: actual = '', labelSelectorPath: selector = '' } = scale;
  return [
    ...(wanted === ''
      ? [required(`${path}.specReplicasPath`)]
      : belowFaults(wanted, ['.spec.'], `${path}.specReplicasPath`)),
    ...(actual === ''
      ? [required(`${path}.statusReplicasPath`)]
      : belowFaults(actual, ['.status.'], `${path}.statusReplicasPath`)),
    ...(selector === '' ? [] : belowFaults(selector, ['.spec.', '.status.'], `${path}.labelSelectorPath`)),
  ];
}

function belowFaults(value: string, roots: readonly string[], path: string): Fault[] {
  if (!value.startsWith('.')) return [invalid(path, value, 'must be a simple json path starting with .')];
  if (roots.some((root) => value.startsWith(root))) return [];
  const names = roots.map((root) => root.slice(0, -1));
  const where = names.length === 1 ? names[0] : `either ${names.join(' or ')}`;
  return [invalid(path, value, `should be a json path under ${where}`)];
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnFaults(column: Loose<CustomResourceColumnDefinition>, path: string): Fault[] {
  const { name = '', type = '', format = '', jsonPath = '' } = column;
  const formats = `must be one of ${columnFormats.join(',')}`;
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...columnTypeFaults(type, `${path}.type`),
    ...(format === '' || columnFormats.includes(format) ? [] : [invalid(`${path}.format`, format, formats)]),
    ...columnPathFaults(jsonPath, `${path}.JSONPath`),
  ];
}

function columnTypeFaults(type: string, path: string): Fault[] {
  const types = `must be one of ${columnTypes.join(',')}`;
  if (type === '') return [required(path, types)];
  return columnTypes.includes(type) ? [] : [invalid(path, type, types)];
}

function columnPathFaults(value: string, path: string): Fault[] {
  if (value === '') return [required(path)];
  return value.startsWith('.') ? [] : [invalid(path, value, 'must be a simple json path starting with .')];
}

function requiredNameFaults(names: Loose<CustomResourceDefinitionNames>): Fault[] {
  const fields = ['plural', 'singular', 'kind', 'listKind'] as const;
  return fields.filter((field) => (names[field] ?? '') === '').map((field) => required(`spec.names.${field}`));
}

function nameFaults(names: Loose<CustomResourceDefinitionNames>, path: string): Fault[] {
  const { plural = '', singular = '', kind = '', listKind = '', shortNames = [], categories = [] } = names;
  const label = (field: string, value: string, lower = value, hint = ''): Fault[] => {
    const complaints = value === '' ? [] : checkDns1035Label(lower);
    return complaints.length === 0 ? [] : [invalid(`${path}.${field}`, value, hint + complaints.join(','))];
  };
  const mixed = 'may have mixed case, but should otherwise match: ';
  return [
    ...label('plural', plural),
    ...label('singular', singular),
    ...label('kind', kind, kind.toLowerCase(), mixed),
    ...label('listKind', listKind, listKind.toLowerCase(), mixed),
    ...shortNames.flatMap((each, index) => label(`shortNames[${index}]`, each)),
    ...(kind !== '' && kind === listKind
      ? [invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...categories.flatMap((each, index) => label(`categories[${index}]`, each)),
  ];
}

/** Upstream names the fields of its internal version in these paths. */
function conversionFaults(conversion: Loose<CustomResourceConversion> | undefined): Fault[] {
  if (conversion === undefined) return [];
  const { strategy = '', webhook } = conversion;
  const path = 'spec.conversion';
  if (strategy === '') return [required(`${path}.strategy`)];
  if (strategy !== 'None' && strategy !== 'Webhook') {
    return [notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])];
  }
  const { clientConfig, conversionReviewVersions: versions = [] } = webhook ?? {};
  if (strategy === 'None') {
    const text = 'should not be set when strategy is not set to Webhook';
    return [
      ...(clientConfig === undefined ? [] : [forbidden(`${path}.webhookClientConfig`, text)]),
      ...(versions.length === 0 ? [] : [forbidden(`${path}.conversionReviewVersions`, text)]),
    ];
  }
  return [
    ...(clientConfig === undefined
      ? [required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook')]
      : webhookClientFaults(clientConfig, `${path}.webhookClientConfig`)),
    ...reviewVersionFaults(versions, `${path}.conversionReviewVersions`),
  ];
}

const knownReviewVersions = ['v1', 'v1beta1'];

function reviewVersionFaults(versions: readonly string[], path: string): Fault[] {
  if (versions.length === 0) return [required(path)];
  return [
    ...versions.flatMap((version, index) => {
      if (versions.indexOf(version) < index) return [invalid(`${path}[${index}]`, version, 'duplicate version')];
      return checkDns1035Label(version).map((text) => invalid(`${path}[${index}]`, version, text));
    }),
    ...(versions.some((version) => knownReviewVersions.includes(version))
      ? []
      : [invalid(path, versions, `must include at least one of ${knownReviewVersions.join(', ')}`)]),
  ];
}

function storedVersionFaults(
  stored: readonly string[],
  versions: readonly Loose<CustomResourceDefinitionVersion>[],
): Fault[] {
  const path = 'status.storedVersions';
  if (stored.length === 0) return [invalid(path, stored, 'must have at least one stored version')];
  const names = versions.map(({ name = '' }) => name);
  return [
    ...versions.flatMap(({ name = '', storage }) =>
      storage === true && !stored.includes(name)
        ? [invalid(path, stored, `must have the storage version ${name}`)]
        : [],
    ),
    ...stored.flatMap((each, index) =>
      names.includes(each)
        ? []
        : [
            invalid(
              `${path}[${index}]`,
              each,
              `missing from spec.versions; ${each} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${each} and removes ${each} from status.storedVersions`,
            ),
          ],
    ),
  ];
}

/** Groups under k8s.io and kubernetes.io belong to the Kubernetes project. */
function approvalFaults({ metadata, spec }: LooseDefinition, old?: LooseDefinition): Fault[] {
  const group = spec?.group ?? '';
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return [];
  const key = 'api-approved.kubernetes.io';
  const value = metadata.annotations?.[key];
  if (old !== undefined && sameMeaning(old.metadata.annotations?.[key], value)) return [];
  const path = `metadata.annotations[${key}]`;
  if (value === undefined) {
    return [
      required(
        path,
        'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    ];
  }
  const approved = value.startsWith('unapproved') || /^https?:\/\/[^/]+/.test(value);
  if (approved) return [];
  return [
    invalid(
      path,
      value,
      'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ),
  ];
}

/** What the stored objects rest on never changes. */
export function definitionUpdateFaults(
  { spec = {} }: LooseDefinition,
  { spec: old = {}, status }: LooseDefinition,
): Fault[] {
  const established = (status?.conditions ?? []).some(
    ({ type, status: held }) => type === 'Established' && held === 'True',
  );
  return [
    ...(established
      ? [
          ...immutableFaults('spec.scope', spec.scope, old.scope),
          ...immutableFaults('spec.names.kind', spec.names?.kind, old.names?.kind),
        ]
      : []),
    ...immutableFaults('spec.group', spec.group, old.group),
    ...immutableFaults('spec.names.plural', spec.names?.plural, old.names?.plural),
  ];
}

export function definitionStatusFaults(status: Loose<CustomResourceDefinitionStatus> = {}): Fault[] {
  return nameFaults(status.acceptedNames ?? {}, 'status.acceptedNames');
}
