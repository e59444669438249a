/**
 * Pods that were announced to be disrupted and were not: two minutes later the condition DisruptionTarget is taken
 * back, or it would excuse a failure that has other reasons.
 */
import { Pod } from '../../api/core/pod.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { hasEnded } from '../workload/pods.ts';

/** Milliseconds. */
const patience = 120_000;

export function staleTargetsController(deps: Dependencies): Controller {
  const { client, informers, clock } = deps;
  const pods = informers.of(Pod);
  return new Controller(
    {
      name: 'stale-pod-disruption',
      sources: [
        watching(pods, ({ type, object }) =>
          type !== 'deleted' && announcedAt(object) !== undefined ? [keyOf(object)] : [],
        ),
      ],
      reconcile: async (key): Promise<ReconcileResult> => {
        const pod = pods.get(refOf(key));
        const since = pod === undefined ? undefined : announcedAt(pod);
        if (pod === undefined || since === undefined) return {};
        const left = since + patience - clock.now();
        if (left > 0) return { after: left };
        const { uid } = pod.metadata;
        const lastTransitionTime = timestamp(clock.now());
        const condition = {
          type: 'DisruptionTarget',
          status: 'False',
          reason: null,
          message: null,
          lastTransitionTime,
        };
        const patch = { metadata: { uid }, status: { conditions: [condition] } };
        try {
          await client.patch(Pod, pod.metadata, patch, { type: 'strategic', subresource: 'status' });
        } catch (error) {
          // Gone, or another of its name.
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return {};
      },
    },
    deps,
  );
}

/** What the node announces is no promise with a date, and what has ended or goes is as announced. */
function announcedAt(pod: Pod): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) return undefined;
  const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined;
  return parseTimestamp(target.lastTransitionTime ?? '') || 0;
}
