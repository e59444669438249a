/** Status of a namespace whose content is being deleted: what remains, and what holds it up. */
import type { Namespace } from '../../api/core/namespace.ts';
import { isBeingDeleted } from '../garbage-collector/graph.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';

type Condition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number];

export interface Remaining {
  readonly kind: Kind;
  readonly objects: readonly KubernetesObject[];
}

export interface Failure {
  readonly kind: Kind;
  readonly message: string;
}

/** Conditions in upstream's words; `now` as RFC 3339 for those that change. */
export function conditionsOf(
  namespace: Namespace,
  remaining: readonly Remaining[],
  failures: readonly Failure[],
  now: string,
): readonly Condition[] {
  const counts = remaining
    .filter(({ objects }) => objects.length > 0)
    .map(({ kind, objects }) => `${resourceName(kind)} has ${objects.length} resource instances`);
  const held = finalizersOf(remaining);
  const errors = failures.map(({ kind, message }) => `${resourceName(kind)}: ${message}`).toSorted();
  const wanted: readonly Omit<Condition, 'lastTransitionTime'>[] = [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      false,
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    errors.length === 0
      ? condition(
          'NamespaceDeletionContentFailure',
          false,
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        )
      : condition(
          'NamespaceDeletionContentFailure',
          true,
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${errors.length} remaining: ${errors.join(', ')}`,
        ),
    counts.length === 0
      ? condition('NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed')
      : condition(
          'NamespaceContentRemaining',
          true,
          'SomeResourcesRemain',
          `Some resources are remaining: ${counts.toSorted().join(', ')}`,
        ),
    held.length === 0
      ? condition(
          'NamespaceFinalizersRemaining',
          false,
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : condition(
          'NamespaceFinalizersRemaining',
          true,
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        ),
  ];
  return wanted.map((each) => {
    const present = namespace.status?.conditions?.find(({ type }) => type === each.type);
    const unchanged = present?.status === each.status;
    return { ...each, lastTransitionTime: unchanged ? (present?.lastTransitionTime ?? now) : now };
  });
}

function finalizersOf(remaining: readonly Remaining[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { objects } of remaining) {
    for (const object of objects) {
      for (const finalizer of object.metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
    }
  }
  return [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).toSorted();
}

function condition(
  type: string,
  truth: boolean,
  reason: string,
  message: string,
): Omit<Condition, 'lastTransitionTime'> {
  return { type, status: truth ? 'True' : 'False', reason, message };
}

function resourceName(kind: Kind): string {
  return kind.group === '' ? `${kind.plural}.` : `${kind.plural}.${kind.group}`;
}

/**
 * What is deleted now: pods first, and as long as there are any nothing else, so that none lives on without the
 * policies and secrets that were made for it.
 */
export function firstOf(remaining: readonly Remaining[]): readonly Remaining[] {
  const pods = remaining.filter(({ kind, objects }) => kind.group === '' && kind.kind === 'Pod' && objects.length > 0);
  return pods.length > 0 ? pods : remaining;
}

/** All that is not yet being deleted. */
export function toDelete(remaining: readonly Remaining[]): readonly Remaining[] {
  return remaining.map(({ kind, objects }) => ({ kind, objects: objects.filter((object) => !isBeingDeleted(object)) }));
}
