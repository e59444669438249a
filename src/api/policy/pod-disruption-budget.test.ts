/** Texts are upstream's: pkg/apis/policy/validation/validation.go and printers.go (printPodDisruptionBudget). */
import { expect, test } from 'vitest';
import { cells, complaints } from '../rules/fixture.ts';
import { PodDisruptionBudget } from './pod-disruption-budget.ts';

type Json = Readonly<Record<string, unknown>>;

test.for<[Json, Json]>([
  [{ minAvailable: '50%' }, { 'Min Available': '50%', 'Max Unavailable': 'N/A' }],
  [{ maxUnavailable: 1 }, { 'Min Available': 'N/A', 'Max Unavailable': '1' }],
])('%j shows %j', ([spec, expected]) => {
  expect(cells(PodDisruptionBudget, { spec, status: { disruptionsAllowed: 2 } })).toEqual({
    Name: 'it',
    ...expected,
    'Allowed Disruptions': 2,
    Age: '60m',
  });
});

test.for<[Json, string[]]>([
  [{ minAvailable: 1 }, []],
  [
    { minAvailable: 1, maxUnavailable: 1 },
    ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set'],
  ],
  [{ minAvailable: -1 }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']],
  [{ minAvailable: '101%' }, ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%']],
])('%j: %j', ([spec, expected]) => {
  expect(complaints(PodDisruptionBudget, { spec })).toEqual(expected);
});
