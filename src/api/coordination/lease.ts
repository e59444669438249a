import { forbidden, invalid, notSupported, type Fault } from '../../schema/fault.ts';
import { int32, microTime, of, string, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { labelNameFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';

export const LeaseSpec = struct('io.k8s.api.coordination.v1.LeaseSpec', 'Who holds the lease and until when.', {
  holderIdentity: string(1).pointer().doc('Identity of whoever holds the lease now; empty when it was given up.'),
  leaseDurationSeconds: int32(2)
    .pointer()
    .doc('How many seconds after renewTime others must wait before they may take the lease.'),
  acquireTime: microTime(3).doc('When the present holder got the lease.'),
  renewTime: microTime(4).doc('When the present holder last said that it is still there.'),
  leaseTransitions: int32(5).pointer().doc('How many times the lease has gone from one holder to another.'),
  strategy: string(6)
    .pointer()
    .doc('How the holder is chosen when candidates are coordinated; kept only where that is on.'),
  preferredHolder: string(7).pointer().doc('Candidate that the present holder should make room for; needs a strategy.'),
});
export interface LeaseSpec extends Infer<typeof LeaseSpec> {}

export const Lease = defineKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  package: 'io.k8s.api.coordination.v1',
  doc: 'A claim that one holder keeps alive by renewing it: leader election and node heartbeats rest on it.',
  fields: {
    spec: of(2, LeaseSpec).always().doc('Holder, times and duration.'),
  },
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Holder',
      type: 'string',
      doc: 'Who holds the lease.',
      value: (lease) => lease.spec?.holderIdentity ?? '',
    },
    ageColumn,
  ],
  prepareCreate: dropCoordination,
  prepareUpdate: dropCoordination,
  validate: (lease) => specFaults(lease.spec ?? {}),
});
export interface Lease extends ObjectOf<typeof Lease> {}

/** Coordinated leader election is off by default, and its fields are not kept then. */
function dropCoordination(draft: Record<string, unknown>): void {
  const spec = draft['spec'] as Record<string, unknown> | undefined;
  delete spec?.['strategy'];
  delete spec?.['preferredHolder'];
}

function specFaults(spec: Loose<LeaseSpec>): Fault[] {
  const faults: Fault[] = [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions, strategy } = spec;
  if (duration !== undefined && duration <= 0) {
    faults.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  if (transitions !== undefined && transitions < 0) {
    faults.push(invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  }
  if (strategy !== undefined) faults.push(...strategyFaults(strategy));
  if ((spec.preferredHolder ?? '') !== '' && (strategy ?? '') === '') {
    faults.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  }
  return faults;
}

/** Upstream names the field twice in this path, and clients see it so. */
function strategyFaults(strategy: string): Fault[] {
  const path = 'spec.strategy.strategy';
  if (strategy.includes('/')) return labelNameFaults(path, strategy);
  return strategy === 'OldestEmulationVersion' ? [] : [notSupported(path, strategy, ['OldestEmulationVersion'])];
}
