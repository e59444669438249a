/** What controllers want to know of pods, and how they make them. */
import type { Pod } from '../../api/core/pod.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import type { Draft } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { parseTimestamp } from '../../base/clock.ts';

export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Counts towards replicas. */
export function isActive(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

export function readyCondition({
  status,
}: Pod): { readonly status: string; readonly lastTransitionTime?: string } | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

/** When the pod counts as available, in milliseconds since the epoch; undefined while it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  return parseTimestamp(condition.lastTransitionTime ?? '') + minReadySeconds * 1000;
}

export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const at = availableAt(pod, minReadySeconds);
  return at !== undefined && at <= now;
}

/**
 * How long a controller lets a set of so many pods rest after looking at it, in milliseconds. A small one not at all;
 * of a large one that starts, many pods become ready in that time, and one status tells of them all.
 */
export function restOf(pods: number): number {
  return pods <= 20 ? 0 : Math.min(500, pods);
}

/** A pod as the template says, owned by its controller. */
export function podFromTemplate(
  template: PodTemplateSpec,
  namespace: string | undefined,
  name: { readonly name: string } | { readonly generateName: string },
  owner: OwnerReference,
): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      ...name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [owner],
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  };
}

/**
 * Runs `count` calls in batches that double from one: when the first fails (a quota, a broken template) the
 * rest is not tried. Resolves to how many succeeded, and the first error.
 */
export async function slowStart(
  count: number,
  call: (index: number) => Promise<void>,
): Promise<{ readonly succeeded: number; readonly error?: unknown }> {
  let done = 0;
  for (let size = 1; done < count; size *= 2) {
    const batch = Math.min(size, count - done);
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, at) => call(done + at)));
    const failed = results.find((result) => result.status === 'rejected');
    done += results.filter((result) => result.status === 'fulfilled').length;
    if (failed !== undefined) return { succeeded: done, error: failed.reason };
  }
  return { succeeded: done };
}
