import { invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { boolean, bytes, int32, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { checkDns1035Label, checkPortNumber } from '../../schema/names.ts';
import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { complaintFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

const pkg = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1';

export const ServiceReference = struct(`${pkg}.ServiceReference`, 'The Service behind which an API server runs.', {
  namespace: string(1).doc('Its namespace.'),
  name: string(2).doc('Its name.'),
  port: int32(3).pointer().default(443).doc('The port, on which HTTPS is spoken.'),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const APIServiceSpec = struct(`${pkg}.APIServiceSpec`, 'Which group and version is served, and by whom.', {
  service: of(1, ServiceReference).doc(
    'Where requests are passed on to; this API server answers itself when left out.',
  ),
  group: string(2).doc('Name of the API group.'),
  version: string(3).doc('Version of the group, such as v1.'),
  insecureSkipTLSVerify: boolean(4).doc('Take any certificate; better give a caBundle.'),
  caBundle: bytes(5).doc('Certificates (PEM) that the server is verified by; those of the system when left out.'),
  groupPriorityMinimum: int32(7).present().doc('Rank of the group among all groups; higher comes first.'),
  versionPriority: int32(8).present().doc('Rank of the version in its group; higher comes first.'),
});
export interface APIServiceSpec extends Infer<typeof APIServiceSpec> {}

export const APIServiceCondition = struct(`${pkg}.APIServiceCondition`, 'One thing that is known of the service.', {
  type: string(1).present().doc('What it is about, such as Available.'),
  status: string(2).present().doc('True, False or Unknown.'),
  lastTransitionTime: time(3).doc('When the status changed last.'),
  reason: string(4).doc('Why, in one word.'),
  message: string(5).doc('Why, for people.'),
});
export interface APIServiceCondition extends Infer<typeof APIServiceCondition> {}

export const APIServiceStatus = struct(`${pkg}.APIServiceStatus`, 'Whether the service can be reached.', {
  conditions: list(1, APIServiceCondition).listMap('type').merge('type').doc('What is known of it.'),
});
export interface APIServiceStatus extends Infer<typeof APIServiceStatus> {}

export const APIService = defineKind({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  scope: 'Cluster',
  package: pkg,
  doc: 'Says who serves one version of one API group; its name is `version.group`.',
  fields: {
    spec: of(2, APIServiceSpec).always().doc('Which group and version, and by whom.'),
    status: of(3, APIServiceStatus).always().doc('Whether it can be reached.'),
  },
  subresources: { status: true },
  nameRule: 'path',
  generation: false,
  unconditionalUpdate: false,
  statusKeeps: allMetadata,
  columns: [
    nameColumn,
    {
      name: 'Service',
      type: 'string',
      doc: 'Who serves it.',
      value: ({ spec }) => (spec?.service === undefined ? 'Local' : `${spec.service.namespace}/${spec.service.name}`),
    },
    {
      name: 'Available',
      type: 'string',
      doc: 'Whether it can be reached.',
      value: ({ status }) => formatAvailable(status),
    },
    ageColumn,
  ],
  prepareCreate: markLocal,
  validate: ({ metadata, spec }) => serviceFaults(metadata.name, spec ?? {}),
  validateStatusUpdate: ({ status }) =>
    (status?.conditions ?? []).flatMap((condition, index) =>
      ['True', 'False', 'Unknown'].includes(condition.status)
        ? []
        : [notSupported(`status.conditions[${index}].status`, condition.status, ['True', 'False', 'Unknown'])],
    ),
});
export interface APIService extends ObjectOf<typeof APIService> {}

/** What this API server answers itself can always be reached. */
function markLocal(draft: Record<string, unknown>): void {
  const spec = draft['spec'] as { service?: unknown } | undefined;
  if (spec?.service !== undefined) return;
  const { creationTimestamp } = draft['metadata'] as { creationTimestamp?: string };
  const message = 'Local APIServices are always available';
  const condition = {
    type: 'Available',
    status: 'True',
    reason: 'Local',
    message,
    lastTransitionTime: creationTimestamp,
  };
  draft['status'] = { conditions: [condition] };
}

function formatAvailable(status: APIServiceStatus | undefined): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (condition === undefined) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason})`;
}

function serviceFaults(name: string, spec: Loose<APIServiceSpec>): Fault[] {
  const { group = '', version = '', groupPriorityMinimum: groupRank = 0, versionPriority: rank = 0 } = spec;
  const wanted = `${version}.${group}`;
  return [
    ...(name === wanted
      ? []
      : [invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]),
    ...(group === '' && version !== 'v1'
      ? [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')]
      : []),
    ...(group === '' ? [] : subdomainFaults('spec.group', group)),
    ...complaintFaults('spec.version', version, checkDns1035Label(version)),
    ...rankFaults('spec.groupPriorityMinimum', groupRank, 20_000),
    ...rankFaults('spec.versionPriority', rank, 1000),
    ...(spec.service === undefined ? localFaults(spec) : remoteFaults(spec, spec.service)),
  ];
}

function rankFaults(path: string, rank: number, maximum: number): Fault[] {
  return rank > 0 && rank <= maximum ? [] : [invalid(path, rank, `must be positive and less than ${maximum}`)];
}

function localFaults({ caBundle = '', insecureSkipTLSVerify = false }: Loose<APIServiceSpec>): Fault[] {
  const size = Buffer.from(caBundle, 'base64').length;
  return [
    ...(size > 0 ? [invalid('spec.caBundle', `${size} bytes`, 'local APIServices may not have a caBundle')] : []),
    ...(insecureSkipTLSVerify
      ? [invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify')]
      : []),
  ];
}

function remoteFaults(spec: Loose<APIServiceSpec>, service: Loose<ServiceReference>): Fault[] {
  const { namespace = '', name = '', port = 443 } = service;
  const complaints = checkPortNumber(port);
  return [
    ...(namespace === '' ? [required('spec.service.namespace')] : []),
    ...(name === '' ? [required('spec.service.name')] : []),
    ...(complaints.length > 0
      ? [invalid('spec.service.port', port, `port is not valid: ${complaints.join(', ')}`)]
      : []),
    ...(spec.insecureSkipTLSVerify === true && (spec.caBundle ?? '') !== ''
      ? [invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present')]
      : []),
  ];
}
