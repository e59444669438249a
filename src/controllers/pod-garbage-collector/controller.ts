/** Takes away pods that nobody else can: those of nodes that are gone, those that go without ever having had a
 * node, and the oldest of very many that have ended. */
import { withDisruptionTarget } from '../../api/core/disruption-target.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { byNode, keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { hasEnded } from '../workload/pods.ts';

/** Milliseconds for which a node must be gone before its pods are: it may be registering anew. */
const quarantine = 40_000;
/** Ended pods that are kept; beyond, the oldest go. Looked at this often at most, in milliseconds. */
export const keptEndedPods = 12_500;
const ended = { kept: keptEndedPods, pause: 20_000 };
const endedKey = 'ended-pods';
const outOfService = 'node.kubernetes.io/out-of-service';

export interface PodCollectorOptions {
  readonly keptEnded?: number;
}

export function podGarbageCollector(
  deps: Dependencies,
  { keptEnded = ended.kept }: PodCollectorOptions = {},
): Controller {
  const pods = deps.informers.of(Pod);
  const nodes = deps.informers.of(Node);
  pods.addIndex('node', byNode);
  pods.addIndex('ended', (pod) => (hasEnded(pod) ? ['yes'] : []));
  const collector = new PodCollector(deps, pods, nodes, keptEnded);
  return new Controller(
    {
      name: 'podgc',
      sources: [
        watching(pods, ({ type, object }) => (type !== 'deleted' && collector.concerns(object) ? [keyOf(object)] : [])),
        watching(nodes, ({ object }) =>
          pods
            .by('node', object.metadata.name)
            .filter((pod) => collector.concerns(pod))
            .map(keyOf),
        ),
        {
          name: endedKey,
          whenSynced: (signal) => pods.whenSynced(signal),
          subscribe: (enqueue) => {
            const look = (pod: Pod, old?: Pod): void => {
              if (hasEnded(pod) && (old === undefined || !hasEnded(old))) enqueue(endedKey, ended.pause);
            };
            return pods.subscribe({ added: (pod) => look(pod), updated: look });
          },
        },
      ],
      reconcile: (key) => (key === endedKey ? collector.thin() : collector.collect(key)),
    },
    deps,
  );
}

class PodCollector {
  readonly #deps: Dependencies;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #keptEnded: number;
  /** Since when nodes are missing; milliseconds, monotonic. */
  readonly #missing = new Map<string, number>();

  constructor(deps: Dependencies, pods: Informer<Pod>, nodes: Informer<Node>, keptEnded: number) {
    this.#deps = deps;
    this.#pods = pods;
    this.#nodes = nodes;
    this.#keptEnded = keptEnded;
  }

  concerns(pod: Pod): boolean {
    const { nodeName = '' } = pod.spec ?? {};
    if (nodeName === '') return pod.metadata.deletionTimestamp !== undefined;
    const node = this.#nodes.get({ name: nodeName });
    if (node === undefined) return true;
    this.#missing.delete(nodeName);
    return pod.metadata.deletionTimestamp !== undefined && isOutOfService(node);
  }

  async collect(key: string): Promise<ReconcileResult> {
    const pod = this.#pods.get(refOf(key));
    if (pod === undefined || !this.concerns(pod)) return {};
    const { nodeName = '' } = pod.spec ?? {};
    if (nodeName === '' || this.#nodes.get({ name: nodeName }) !== undefined) return await this.#remove(pod);
    const now = this.#deps.clock.monotonic();
    const since = this.#missing.get(nodeName) ?? now;
    this.#missing.set(nodeName, since);
    if (now - since < quarantine) return { after: quarantine - (now - since) };
    if (await exists(this.#deps.client, nodeName)) return { after: quarantine };
    return await this.#remove(pod, 'PodGC: node no longer exists');
  }

  /** Of too many those go first that were evicted, and then the oldest. */
  async thin(): Promise<ReconcileResult> {
    const pods = this.#pods.by('ended', 'yes').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const surplus = pods.length - this.#keptEnded;
    if (surplus <= 0) return {};
    for (const pod of pods.toSorted(inOrderOfUse).slice(0, surplus)) await this.#remove(pod);
    return {};
  }

  async #remove(pod: Pod, message?: string): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const { uid } = pod.metadata;
    try {
      if (!hasEnded(pod)) {
        const status = { ...pod.status, phase: 'Failed' } as const;
        const next =
          message === undefined
            ? status
            : withDisruptionTarget(status, { reason: 'DeletionByPodGC', message }, clock.now());
        await client.update(Pod, { ...pod, status: next }, { subresource: 'status' });
      }
      await client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Changed meanwhile: the change comes back here.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return {};
  }
}

/** What controllers count on comes after what they have already made up for. */
function inOrderOfUse(left: Pod, right: Pod): number {
  const made = ({ metadata }: Pod): number => parseTimestamp(metadata.creationTimestamp);
  return (
    Number(wasEvicted(right)) - Number(wasEvicted(left)) ||
    made(left) - made(right) ||
    (left.metadata.name < right.metadata.name ? -1 : 1)
  );
}

function wasEvicted({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}

/** Somebody says that it is off for good, and it does not disagree. */
function isOutOfService({ spec, status }: Node): boolean {
  const ready = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  return !ready && (spec?.taints ?? []).some(({ key }) => key === outOfService);
}

async function exists(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(Node, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
