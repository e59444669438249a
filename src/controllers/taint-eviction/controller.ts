/** Drives pods from nodes whose NoExecute taints they don't tolerate, or no longer. */
import { withDisruptionTarget } from '../../api/core/disruption-target.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { byNode, keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { Dependencies } from '../dependencies.ts';
import { leavesAt } from './plan.ts';

export function taintEvictionController(deps: Dependencies, events: Events): Controller {
  const { client, clock } = deps;
  const nodes = deps.informers.of(Node);
  const pods = deps.informers.of(Pod);
  pods.addIndex('node', byNode);
  /** Pods whose end is set, for when, and since when their taints are known; milliseconds since the epoch. */
  const waiting = new Map<string, { readonly noticed: number; readonly at: number }>();

  const evict = async (pod: Pod): Promise<void> => {
    const { namespace = '', name, uid } = pod.metadata;
    events.normal(Pod, pod, 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    const status = withDisruptionTarget(
      pod.status,
      { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' },
      clock.now(),
    );
    await client.update(Pod, { ...pod, status }, { subresource: 'status' });
    await client.delete(Pod, pod.metadata, { preconditions: { uid } });
  };

  const untilLeaving = (key: string, pod: Pod, node: Node): number => {
    const before = waiting.get(key);
    const noticed = before?.noticed ?? clock.now();
    const wanted = leavesAt(pod, node.spec?.taints ?? [], noticed);
    if (wanted === Infinity) {
      if (waiting.delete(key)) events.normal(Pod, pod, 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
      return wanted;
    }
    // A taint that takes the place of another, as unreachable does of not-ready, gives no new respite.
    const at = Math.min(wanted, before?.at ?? Infinity);
    waiting.set(key, { noticed, at });
    return at - clock.now();
  };

  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const pod = pods.get(refOf(key));
    const node = pod === undefined ? undefined : nodes.get({ name: pod.spec?.nodeName ?? '' });
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) {
      waiting.delete(key);
      return {};
    }
    const left = untilLeaving(key, pod, node);
    if (left > 0) return left === Infinity ? {} : { after: left };
    try {
      await evict(pod);
    } catch (error) {
      if (isConflict(error)) return { after: 100 };
      if (!isNotFound(error)) throw error;
    }
    return {};
  };

  return new Controller(
    {
      name: 'taint-eviction',
      sources: [
        watching(nodes, ({ object, old }) =>
          old !== undefined && deepEqual(object.spec?.taints ?? [], old.spec?.taints ?? [])
            ? []
            : pods.by('node', object.metadata.name).map(keyOf),
        ),
        watching(pods, ({ object, old }) =>
          old !== undefined && old.spec?.nodeName === object.spec?.nodeName && deepEqual(old.spec, object.spec)
            ? []
            : [keyOf(object)],
        ),
      ],
      reconcile,
    },
    deps,
  );
}
