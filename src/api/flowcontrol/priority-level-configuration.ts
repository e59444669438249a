import { int32, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { allMetadata, defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { priorityLevelFaults } from './flow-faults.ts';

export const QueuingConfiguration = struct('io.k8s.api.flowcontrol.v1.QueuingConfiguration', 'How requests wait.', {
  queues: int32(1).default(64).always().doc('How many queues there are.'),
  handSize: int32(2).default(8).always().doc('How many queues a flow may use.'),
  queueLengthLimit: int32(3).default(50).always().doc('How many requests may wait in a queue.'),
});
export interface QueuingConfiguration extends Infer<typeof QueuingConfiguration> {}

export const LimitResponse = struct(
  'io.k8s.api.flowcontrol.v1.LimitResponse',
  'What becomes of requests beyond the limit.',
  {
    type: string(1).present().doc('Queue or Reject.'),
    queuing: of(2, QueuingConfiguration).doc('How they wait, for Queue.'),
  },
);
export interface LimitResponse extends Infer<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  'A level with a limit.',
  {
    nominalConcurrencyShares: int32(1)
      .pointer()
      .default(30)
      .always()
      .doc('How large its share is, next to the others.'),
    limitResponse: of(2, LimitResponse).always().doc('What becomes of requests beyond the limit.'),
    lendablePercent: int32(3).pointer().default(0).doc('How much of its share others may use; 0 to 100.'),
    borrowingLimitPercent: int32(4).pointer().doc('How much of others it may use at most.'),
  },
);
export interface LimitedPriorityLevelConfiguration extends Infer<typeof LimitedPriorityLevelConfiguration> {}

export const ExemptPriorityLevelConfiguration = struct(
  'io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  'A level without a limit.',
  {
    nominalConcurrencyShares: int32(1).pointer().default(0).doc('How large a share is kept for it.'),
    lendablePercent: int32(2).pointer().default(0).doc('How much of it others may use; 0 to 100.'),
  },
);
export interface ExemptPriorityLevelConfiguration extends Infer<typeof ExemptPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  'How large the share is.',
  {
    type: string(1).present().doc('Limited or Exempt.'),
    limited: of(2, LimitedPriorityLevelConfiguration).doc('The limit, for Limited.'),
    exempt: of(3, ExemptPriorityLevelConfiguration).doc('What is kept for it, for Exempt.'),
  },
);
export interface PriorityLevelConfigurationSpec extends Infer<typeof PriorityLevelConfigurationSpec> {}

export const PriorityLevelConfigurationCondition = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  'One thing that is known of the level.',
  {
    type: string(1).doc('What it is about.'),
    status: string(2).doc('True, False or Unknown.'),
    lastTransitionTime: time(3).doc('When the status changed last.'),
    reason: string(4).doc('Why, in one word.'),
    message: string(5).doc('Why, for people.'),
  },
);
export interface PriorityLevelConfigurationCondition extends Infer<typeof PriorityLevelConfigurationCondition> {}

export const PriorityLevelConfigurationStatus = struct(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  'What is known of the level.',
  {
    conditions: list(1, PriorityLevelConfigurationCondition).listMap('type').merge('type').doc('What is known of it.'),
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
  doc: 'A share of the API server for requests of one priority.',
  fields: {
    spec: of(2, PriorityLevelConfigurationSpec).always().doc('How large the share is.'),
    status: of(3, PriorityLevelConfigurationStatus).always().doc('What is known of it.'),
  },
  subresources: { status: true },
  statusKeeps: allMetadata,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', doc: 'Limited or Exempt.', value: ({ spec }) => spec?.type ?? '' },
    {
      name: 'NominalConcurrencyShares',
      type: 'string',
      doc: 'How large the share is.',
      value: ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>',
    },
    {
      name: 'Queues',
      type: 'string',
      doc: 'How many queues there are.',
      value: ({ spec }) => spec?.limited?.limitResponse?.queuing?.queues ?? '<none>',
    },
    {
      name: 'HandSize',
      type: 'string',
      doc: 'How many queues a flow may use.',
      value: ({ spec }) => spec?.limited?.limitResponse?.queuing?.handSize ?? '<none>',
    },
    {
      name: 'QueueLengthLimit',
      type: 'string',
      doc: 'How many requests may wait in a queue.',
      value: ({ spec }) => spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>',
    },
    ageColumn,
  ],
  validate: ({ metadata, spec }) => priorityLevelFaults(metadata.name, spec ?? {}),
});
export interface PriorityLevelConfiguration extends ObjectOf<typeof PriorityLevelConfiguration> {}
