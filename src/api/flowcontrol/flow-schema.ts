import { boolean, int32, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { flowSchemaFaults } from './flow-faults.ts';

export const PriorityLevelConfigurationReference = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  'Names a priority level.',
  {
    name: string(1).present().doc('Name of the level.'),
  },
);
export interface PriorityLevelConfigurationReference extends Infer<typeof PriorityLevelConfigurationReference> {}

export const FlowDistinguisherMethod = struct(
  'io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod',
  'How requests are sorted into flows.',
  {
    type: string(1).present().doc('ByUser or ByNamespace.'),
  },
);
export interface FlowDistinguisherMethod extends Infer<typeof FlowDistinguisherMethod> {}

export const UserSubject = struct('io.k8s.api.flowcontrol.v1.UserSubject', 'A user.', {
  name: string(1).present().doc('Name of the user; `*` is every user.'),
});
export interface UserSubject extends Infer<typeof UserSubject> {}

export const GroupSubject = struct('io.k8s.api.flowcontrol.v1.GroupSubject', 'A group.', {
  name: string(1).present().doc('Name of the group; `*` is every group.'),
});
export interface GroupSubject extends Infer<typeof GroupSubject> {}

export const ServiceAccountSubject = struct('io.k8s.api.flowcontrol.v1.ServiceAccountSubject', 'A service account.', {
  namespace: string(1).present().doc('Its namespace.'),
  name: string(2).present().doc('Its name; `*` is every account of the namespace.'),
});
export interface ServiceAccountSubject extends Infer<typeof ServiceAccountSubject> {}

export const Subject = struct('io.k8s.api.flowcontrol.v1.Subject', 'Who makes requests.', {
  kind: string(1).present().doc('User, Group or ServiceAccount.'),
  user: of(2, UserSubject).doc('The user.'),
  group: of(3, GroupSubject).doc('The group.'),
  serviceAccount: of(4, ServiceAccountSubject).doc('The service account.'),
});
export interface Subject extends Infer<typeof Subject> {}

export const ResourcePolicyRule = struct('io.k8s.api.flowcontrol.v1.ResourcePolicyRule', 'Requests for objects.', {
  verbs: list(1, string()).listSet().present().doc('Verbs; `*` is every verb.'),
  apiGroups: list(2, string()).listSet().present().doc('API groups; `*` is every group.'),
  resources: list(3, string()).listSet().present().doc('Resources; `*` is every resource.'),
  clusterScope: boolean(4).doc('Whether requests without a namespace are meant.'),
  namespaces: list(5, string()).listSet().always().doc('Namespaces; `*` is every namespace.'),
});
export interface ResourcePolicyRule extends Infer<typeof ResourcePolicyRule> {}

export const NonResourcePolicyRule = struct(
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule',
  'Requests for other paths.',
  {
    verbs: list(1, string()).listSet().present().doc('Verbs; `*` is every verb.'),
    nonResourceURLs: list(6, string()).listSet().present().doc('Paths, such as /healthz or /healthz/*.'),
  },
);
export interface NonResourcePolicyRule extends Infer<typeof NonResourcePolicyRule> {}

export const PolicyRulesWithSubjects = struct(
  'io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects',
  'Whose requests for what are meant.',
  {
    subjects: list(1, Subject).present().doc('Who makes them.'),
    resourceRules: list(2, ResourcePolicyRule).doc('Requests for objects.'),
    nonResourceRules: list(3, NonResourcePolicyRule).doc('Requests for other paths.'),
  },
);
export interface PolicyRulesWithSubjects extends Infer<typeof PolicyRulesWithSubjects> {}

export const FlowSchemaSpec = struct(
  'io.k8s.api.flowcontrol.v1.FlowSchemaSpec',
  'Which requests are meant, and how they are treated.',
  {
    priorityLevelConfiguration: of(1, PriorityLevelConfigurationReference)
      .present()
      .doc('The level that they belong to.'),
    matchingPrecedence: int32(2)
      .default(1000)
      .always()
      .doc('Which schema is tried first: the lowest number; 1 to 10000.'),
    distinguisherMethod: of(3, FlowDistinguisherMethod).doc('How they are sorted into flows; one flow when left out.'),
    rules: list(4, PolicyRulesWithSubjects).doc('The requests; any of the rules may match.'),
  },
);
export interface FlowSchemaSpec extends Infer<typeof FlowSchemaSpec> {}

export const FlowSchemaCondition = struct(
  'io.k8s.api.flowcontrol.v1.FlowSchemaCondition',
  'One thing that is known of the schema.',
  {
    type: string(1).doc('What it is about, such as Dangling.'),
    status: string(2).doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status changed last.'),
    reason: string(4).doc('Why, in one word.'),
    message: string(5).doc('Why, for people.'),
  },
);
export interface FlowSchemaCondition extends Infer<typeof FlowSchemaCondition> {}

export const FlowSchemaStatus = struct('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', 'What is known of the schema.', {
  conditions: list(1, FlowSchemaCondition).listMap('type').merge('type').doc('What is known of it.'),
});
export interface FlowSchemaStatus extends Infer<typeof FlowSchemaStatus> {}

export const FlowSchema = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  package: 'io.k8s.api.flowcontrol.v1',
  doc: 'Sorts requests to the API server into flows of one priority level.',
  fields: {
    spec: of(2, FlowSchemaSpec).always().doc('Which requests, and how they are treated.'),
    status: of(3, FlowSchemaStatus).always().doc('What is known of it.'),
  },
  subresources: { status: true },
  statusKeeps: allMetadata,
  columns: [
    nameColumn,
    {
      name: 'PriorityLevel',
      type: 'string',
      doc: 'The level of its requests.',
      value: ({ spec }) => spec?.priorityLevelConfiguration.name ?? '',
    },
    {
      name: 'MatchingPrecedence',
      type: 'string',
      doc: 'Which is tried first.',
      value: ({ spec }) => spec?.matchingPrecedence ?? 0,
    },
    {
      name: 'DistinguisherMethod',
      type: 'string',
      doc: 'How requests are sorted into flows.',
      value: ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>',
    },
    ageColumn,
    {
      name: 'MissingPL',
      type: 'string',
      doc: 'Whether the level is missing.',
      value: ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    },
  ],
  validate: ({ metadata, spec }) => flowSchemaFaults(metadata.name, spec ?? {}),
});
export interface FlowSchema extends ObjectOf<typeof FlowSchema> {}
