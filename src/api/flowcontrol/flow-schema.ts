import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, list, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const PriorityLevelConfigurationReference = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  '',
  {
    name: string(1).required(),
  },
);
export interface PriorityLevelConfigurationReference extends Infer<typeof PriorityLevelConfigurationReference> {}

export const FlowDistinguisherMethod = struct('io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod', '', {
  type: string(1).required(),
});
export interface FlowDistinguisherMethod extends Infer<typeof FlowDistinguisherMethod> {}

export const UserSubject = struct('io.k8s.api.flowcontrol.v1.UserSubject', '', {
  name: string(1).required(),
});
export interface UserSubject extends Infer<typeof UserSubject> {}

export const GroupSubject = struct('io.k8s.api.flowcontrol.v1.GroupSubject', '', {
  name: string(1).required(),
});
export interface GroupSubject extends Infer<typeof GroupSubject> {}

export const ServiceAccountSubject = struct('io.k8s.api.flowcontrol.v1.ServiceAccountSubject', '', {
  namespace: string(1).required(),
  name: string(2).required(),
});
export interface ServiceAccountSubject extends Infer<typeof ServiceAccountSubject> {}

export const Subject = struct('io.k8s.api.flowcontrol.v1.Subject', '', {
  kind: string(1).required(),
  user: of(2, UserSubject),
  group: of(3, GroupSubject),
  serviceAccount: of(4, ServiceAccountSubject),
});
export interface Subject extends Infer<typeof Subject> {}

export const ResourcePolicyRule = struct('io.k8s.api.flowcontrol.v1.ResourcePolicyRule', '', {
  verbs: list(1, string()).listSet().required(),
  apiGroups: list(2, string()).listSet().required(),
  resources: list(3, string()).listSet().required(),
  clusterScope: boolean(4),
  namespaces: list(5, string()).listSet().always(),
});
export interface ResourcePolicyRule extends Infer<typeof ResourcePolicyRule> {}

export const NonResourcePolicyRule = struct('io.k8s.api.flowcontrol.v1.NonResourcePolicyRule', '', {
  verbs: list(1, string()).listSet().required(),
  nonResourceURLs: list(6, string()).listSet().required(),
});
export interface NonResourcePolicyRule extends Infer<typeof NonResourcePolicyRule> {}

export const PolicyRulesWithSubjects = struct('io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects', '', {
  subjects: list(1, Subject).required(),
  resourceRules: list(2, ResourcePolicyRule),
  nonResourceRules: list(3, NonResourcePolicyRule),
});
export interface PolicyRulesWithSubjects extends Infer<typeof PolicyRulesWithSubjects> {}

export const FlowSchemaSpec = struct('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', '', {
  priorityLevelConfiguration: of(1, PriorityLevelConfigurationReference).required(),
  matchingPrecedence: int32(2).always(),
  distinguisherMethod: of(3, FlowDistinguisherMethod),
  rules: list(4, PolicyRulesWithSubjects),
});
export interface FlowSchemaSpec extends Infer<typeof FlowSchemaSpec> {}

export const FlowSchemaCondition = struct('io.k8s.api.flowcontrol.v1.FlowSchemaCondition', '', {
  type: string(1),
  status: string(2),
  lastTransitionTime: time(3),
  reason: string(4),
  message: string(5),
});
export interface FlowSchemaCondition extends Infer<typeof FlowSchemaCondition> {}

export const FlowSchemaStatus = struct('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', '', {
  conditions: list(1, FlowSchemaCondition).listMap('type').merge('type'),
});
export interface FlowSchemaStatus extends Infer<typeof FlowSchemaStatus> {}

export const FlowSchema = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  package: 'io.k8s.api.flowcontrol.v1',
  doc: '',
  fields: {
    spec: of(2, FlowSchemaSpec).always(),
    status: of(3, FlowSchemaStatus).always(),
  },
  subresources: { status: true },
});
export interface FlowSchema extends ObjectOf<typeof FlowSchema> {}
