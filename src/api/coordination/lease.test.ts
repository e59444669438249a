import { expect, test } from 'vitest';
import { cells, complaints, unheard } from '../rules/fixture.ts';
import { Lease } from './lease.ts';

/** Texts: kubernetes pkg/apis/coordination/validation/validation.go. */
test('a lease lasts, and counts up', () => {
  expect(complaints(Lease, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } })).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ]);
  expect(complaints(Lease, {})).toEqual([]);
});

test('without coordinated election its fields are not kept', () => {
  const draft = { spec: { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' } };
  Lease.prepareCreate?.(draft, unheard);
  expect(draft).toEqual({ spec: { holderIdentity: 'a' } });
});

test('the table shows the holder', () => {
  expect(cells(Lease, { spec: { holderIdentity: 'node-1' } })).toEqual({ Name: 'it', Holder: 'node-1', Age: '60m' });
});
