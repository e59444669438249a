import { expect, test } from 'vitest';
import { cells, complaints, made } from '../rules/fixture.ts';
import { FlowSchema } from './flow-schema.ts';
import { PriorityLevelConfiguration } from './priority-level-configuration.ts';

/** Texts: kubernetes pkg/apis/flowcontrol/validation/validation.go; defaults: pkg/apis/flowcontrol/v1/defaults.go. */
test('FlowSchema', () => {
  const spec = { priorityLevelConfiguration: { name: 'low' }, rules: [{ subjects: [{ kind: 'User' }] }] };
  expect(made(FlowSchema, { spec })['spec']).toMatchObject({ matchingPrecedence: 1000 });
  expect(complaints(FlowSchema, { spec })).toEqual([
    `spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'`,
    'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
  ]);
  expect(complaints(FlowSchema, { spec: { matchingPrecedence: 1 } })).toEqual([
    `spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1`,
    'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
  ]);
  expect(cells(FlowSchema, { spec })).toEqual({
    Name: 'it',
    PriorityLevel: 'low',
    MatchingPrecedence: 1000,
    DistinguisherMethod: '<none>',
    Age: '60m',
    MissingPL: '?',
  });
});

test('PriorityLevelConfiguration', () => {
  const queue = { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } };
  expect(made(PriorityLevelConfiguration, { spec: queue })['spec']).toEqual({
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
    },
  });
  expect(complaints(PriorityLevelConfiguration, { spec: queue })).toEqual([]);
  expect(complaints(PriorityLevelConfiguration, { spec: { type: 'Limited' } })).toEqual([
    'spec.limited: Required value: must not be empty when type is Limited',
  ]);
  expect(complaints(PriorityLevelConfiguration, { spec: { type: 'Exempt' } })).toEqual([
    `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
  ]);
  expect(cells(PriorityLevelConfiguration, { spec: queue })).toMatchObject({
    Type: 'Limited',
    Queues: 64,
    HandSize: 8,
  });
});
