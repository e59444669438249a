import { expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { PriorityClass } from './priority-class.ts';

/** Texts: kubernetes pkg/apis/scheduling/validation/validation.go. */
test('user classes stay below a thousand million, and system names are reserved', () => {
  expect(complaints(PriorityClass, { value: 1_000_000_000 })).toEqual([]);
  expect(complaints(PriorityClass, { value: 1_000_000_001 })).toEqual([
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  expect(complaints(PriorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 })).toEqual([]);
  expect(complaints(PriorityClass, { metadata: { name: 'system-mine' }, value: 1 })).toEqual([
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
  ]);
});

test('the value never changes', () => {
  expect(updateComplaints(PriorityClass, { value: 1 }, { value: 2 })).toEqual([
    'value: Forbidden: may not be changed in an update.',
  ]);
});

test('a class without a value has the value 0, and preempts', () => {
  expect(made(PriorityClass, {})).toMatchObject({ value: 0, preemptionPolicy: 'PreemptLowerPriority' });
  expect(cells(PriorityClass, { value: 7 })).toEqual({
    Name: 'it',
    Value: 7,
    'Global-Default': false,
    Age: '60m',
    PreemptionPolicy: 'PreemptLowerPriority',
  });
});
