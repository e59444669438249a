/** A Deployment's ReplicaSets: which is the new one, what annotations tell, how many pods they stand for. */
import type { Deployment } from '../../api/apps/deployment.ts';
import type { ReplicaSet } from '../../api/apps/replica-set.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { amountOf } from '../workload/hash.ts';

export const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that its ReplicaSets do not take over. */
const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deprecated.deployment.rollback.to',
]);

export const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1;
/** Pods that are there or will be: a set that was just made smaller still has those that it gives up. */
export const occupiedBy = (set: ReplicaSet): number => Math.max(replicasOf(set), set.status?.replicas ?? 0);
/**
 * Whether the set's status speaks of its present spec. Before, it may be about to make pods that it was asked for
 * and is not any more, which its status does not count: nobody knows how many it occupies.
 */
export const isObserved = ({ metadata, status }: ReplicaSet): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
export const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
export const wantedReplicas = (deployment: Deployment): number => deployment.spec?.replicas ?? 1;

export function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((all, set) => all + count(set), 0);
}

export function byAge(left: ReplicaSet, right: ReplicaSet): number {
  const difference = parseTimestamp(left.metadata.creationTimestamp) - parseTimestamp(right.metadata.creationTimestamp);
  return difference || (left.metadata.name < right.metadata.name ? -1 : 1);
}

/** The set whose template is the Deployment's; of several (a race long ago) the oldest. */
export function newSetOf(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const wanted = deployment.spec?.template;
  return sets.toSorted(byAge).find((set) => sameTemplate(set.spec?.template, wanted));
}

function sameTemplate(left: PodTemplateSpec | undefined, right: PodTemplateSpec | undefined): boolean {
  return deepEqual(withoutHash(left), withoutHash(right));
}

function withoutHash(template: PodTemplateSpec = {}): unknown {
  const { metadata = {}, spec } = template;
  const { labels = {}, ...rest } = metadata;
  const { [hashLabel]: _hash, ...others } = labels;
  return { metadata: { ...rest, ...(Object.keys(others).length === 0 ? {} : { labels: others }) }, spec };
}

export function revisionOf({ metadata }: ReplicaSet | Deployment): bigint {
  const text = metadata.annotations?.[revisionAnnotation] ?? '';
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

/** Numbers or shares of the wanted replicas; a share of surge is rounded up, one of unavailability down. */
export interface Limits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

export function limitsOf({ spec }: Deployment): Limits {
  if (spec?.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec?.strategy?.rollingUpdate ?? {};
  return resolvedLimits(spec?.replicas ?? 1, maxSurge, maxUnavailable);
}

function resolvedLimits(replicas: number, maxSurge: number | string, maxUnavailable: number | string): Limits {
  const surge = amountOf(maxSurge, replicas, Math.ceil);
  const unavailable = Math.min(replicas, amountOf(maxUnavailable, replicas, Math.floor));
  // With both zero nothing could ever move.
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** How many pods there may be at the most while it is rolled out. */
export function mostReplicas(deployment: Deployment): number {
  return wantedReplicas(deployment) + limitsOf(deployment).maxSurge;
}

/** Annotations that tell how many replicas a set stands for, and, for the new one, the Deployment's own. */
export function scaleAnnotations(deployment: Deployment): Readonly<Record<string, string>> {
  return {
    [desiredAnnotation]: String(wantedReplicas(deployment)),
    [maxAnnotation]: String(mostReplicas(deployment)),
  };
}

export function inheritedAnnotations(deployment: Deployment): Readonly<Record<string, string>> {
  const entries = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !ownAnnotations.has(name));
  return Object.fromEntries(entries);
}
