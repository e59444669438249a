import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/kind.ts';
import type { ObjectMeta, OwnerReference } from '../../api/meta/object-meta.ts';
import { plan, type OwnerState } from './plan.ts';

const object = (name: string, more: ObjectMeta = {}): KubernetesObject => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...more },
});
const owner = (name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Thing',
  name,
  uid: `uid-${name}`,
  ...more,
});
const planFor = (
  target: KubernetesObject,
  states: Record<string, OwnerState>,
  dependents: KubernetesObject[] = [],
): unknown => plan(target, { ownerState: ({ name }) => states[name] ?? 'unknown', dependents });
const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('a dependent', () => {
  const dependent = object('d', { ownerReferences: [owner('a'), owner('b')] });

  test('stays while an owner is left; the gone one is struck off', () => {
    expect(planFor(dependent, { a: 'solid', b: 'solid' })).toEqual([]);
    expect(planFor(dependent, { a: 'solid', b: 'absent' })).toEqual([{ type: 'strike-owners', uids: ['uid-b'] }]);
  });

  test('goes when all owners are gone', () => {
    expect(planFor(dependent, { a: 'absent', b: 'absent' })).toEqual([
      { type: 'delete', propagationPolicy: 'Background' },
    ]);
  });

  test('is not touched while an owner is unknown', () => {
    expect(planFor(dependent, { a: 'unknown', b: 'unknown' })).toEqual([]);
  });

  test('is not touched while an owner cannot be resolved, even if another is gone', () => {
    expect(planFor(dependent, { a: 'unresolvable', b: 'absent' })).toEqual([]);
    expect(planFor(dependent, { a: 'unresolvable', b: 'waiting' })).toEqual([]);
  });

  test('takes its own dependents along when its owner waits', () => {
    expect(planFor(dependent, { a: 'waiting', b: 'absent' }, [object('leaf')])).toEqual([
      { type: 'delete', propagationPolicy: 'Foreground' },
    ]);
  });

  test('planning again after the deletion yields nothing', () => {
    expect(planFor(object('d', { ...deleted, ownerReferences: [owner('a')] }), { a: 'absent' })).toEqual([]);
  });
});

describe('an owner that is being deleted', () => {
  const waiting = object('o', { ...deleted, finalizers: ['foregroundDeletion'] });

  test('in the foreground waits for dependents that block it, and for no others', () => {
    const blocking = object('d', { ownerReferences: [owner('o', { blockOwnerDeletion: true })] });
    const other = object('e', { ownerReferences: [owner('o')] });
    expect(planFor(waiting, {}, [blocking, other])).toEqual([{ type: 'visit-dependents' }]);
    expect(planFor(waiting, {}, [other])).toEqual([{ type: 'remove-finalizer', finalizer: 'foregroundDeletion' }]);
  });

  test('with orphaning frees its dependents first', () => {
    const orphaning = object('o', { ...deleted, finalizers: ['orphan'] });
    expect(planFor(orphaning, {}, [object('d')])).toEqual([
      { type: 'orphan-dependents' },
      { type: 'remove-finalizer', finalizer: 'orphan' },
    ]);
  });
});
