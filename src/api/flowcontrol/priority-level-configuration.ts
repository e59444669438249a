import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const QueuingConfiguration = struct('io.k8s.api.flowcontrol.v1.QueuingConfiguration', '', {
  queues: int32(1).always(),
  handSize: int32(2).always(),
  queueLengthLimit: int32(3).always(),
});
export interface QueuingConfiguration extends Infer<typeof QueuingConfiguration> {}

export const LimitResponse = struct('io.k8s.api.flowcontrol.v1.LimitResponse', '', {
  type: string(1).required(),
  queuing: of(2, QueuingConfiguration),
});
export interface LimitResponse extends Infer<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  '',
  {
    nominalConcurrencyShares: int32(1).always().pointer(),
    limitResponse: of(2, LimitResponse).always(),
    lendablePercent: int32(3).pointer(),
    borrowingLimitPercent: int32(4).pointer(),
  },
);
export interface LimitedPriorityLevelConfiguration extends Infer<typeof LimitedPriorityLevelConfiguration> {}

export const ExemptPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  '',
  {
    nominalConcurrencyShares: int32(1).pointer(),
    lendablePercent: int32(2).pointer(),
  },
);
export interface ExemptPriorityLevelConfiguration extends Infer<typeof ExemptPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec', '', {
  type: string(1).required(),
  limited: of(2, LimitedPriorityLevelConfiguration),
  exempt: of(3, ExemptPriorityLevelConfiguration),
});
export interface PriorityLevelConfigurationSpec extends Infer<typeof PriorityLevelConfigurationSpec> {}

export const PriorityLevelConfigurationCondition = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  '',
  {
    type: string(1),
    status: string(2),
    lastTransitionTime: time(3),
    reason: string(4),
    message: string(5),
  },
);
export interface PriorityLevelConfigurationCondition extends Infer<typeof PriorityLevelConfigurationCondition> {}

export const PriorityLevelConfigurationStatus = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  '',
  {
    conditions: list(1, PriorityLevelConfigurationCondition).listMap('type').merge('type'),
  },
);
export interface PriorityLevelConfigurationStatus extends Infer<typeof PriorityLevelConfigurationStatus> {}

export const PriorityLevelConfiguration = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  package: 'io.k8s.api.flowcontrol.v1',
  doc: '',
  fields: {
    spec: of(2, PriorityLevelConfigurationSpec).always(),
    status: of(3, PriorityLevelConfigurationStatus).always(),
  },
  subresources: { status: true },
});
export interface PriorityLevelConfiguration extends ObjectOf<typeof PriorityLevelConfiguration> {}
