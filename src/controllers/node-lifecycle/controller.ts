/**
 * Health of nodes: a node whose Lease and status stand still is unknown, what is not well is tainted, and its
 * pods are not ready. Time of hearing is this process's own, so that clocks of nodes may be wrong.
 */
import { Lease } from '../../api/coordination/lease.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { isSimulated } from '../../api/core/simulated-node.ts';
import { timestamp } from '../../base/clock.ts';
import { byNode, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type Change, type ReconcileResult, type Source } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { Dependencies } from '../dependencies.ts';
import { zoneOf, Zones } from './zones.ts';
import { dueAt, isEvicting, labelsFor, readinessOf, taintsFor, unknownConditions } from './plan.ts';

const leaseNamespace = 'kube-node-lease';

export function nodeLifecycleController(deps: Dependencies, events: Events): Controller {
  return new NodeWatcher(deps, events).controller();
}

class NodeWatcher {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #nodes: Informer<Node>;
  readonly #leases: Informer<Lease>;
  readonly #pods: Informer<Pod>;
  /** When each node was heard of last; milliseconds, monotonic. */
  readonly #heard = new Map<string, number>();
  /** Simulated ones are never lost, and say nothing about the network: they are counted apart. */
  readonly #zones = { real: new Zones(), simulated: new Zones() };
  /** From when on pods may be driven from the next node of a zone; milliseconds, monotonic. */
  readonly #nextEviction = new Map<string, number>();

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#nodes = deps.informers.of(Node);
    this.#leases = deps.informers.of(Lease);
    this.#pods = deps.informers.of(Pod);
    this.#pods.addIndex('node', byNode);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'nodelifecycle',
        sources: [
          this.#signs(),
          watching(this.#nodes, (change) => this.#changed(change)),
          watching(this.#pods, () => []),
        ],
        // A thousand nodes that register together wait for their first taint to go, one answer of the server each.
        concurrency: 20,
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  /** Leases are renewed all the time: they are noted, and looked at when the node's time is up. */
  #signs(): Source {
    const hear = ({ metadata }: Lease): void => {
      if (metadata.namespace === leaseNamespace) this.#hear(metadata.name);
    };
    return {
      name: 'leases',
      whenSynced: (signal) => this.#leases.whenSynced(signal),
      subscribe: () =>
        this.#leases.subscribe({
          added: hear,
          updated: (lease, old) => {
            if (lease.spec?.renewTime !== old.spec?.renewTime) hear(lease);
          },
        }),
    };
  }

  #hear(name: string): void {
    this.#heard.set(name, this.#deps.clock.monotonic());
  }

  #changed(change: Change<Node>): readonly string[] {
    const { name } = change.object.metadata;
    const before = this.#picture();
    this.#count(change);
    const touched = this.#isTouched(change) ? [name] : [];
    // What may be done about the others depends on how many are lost.
    return this.#picture() === before ? touched : [...new Set([...touched, ...this.#lost()])];
  }

  #count({ object, old, type }: Change<Node>): void {
    if (old !== undefined) this.#zonesWith(old).count(old, -1);
    this.#zonesWith(object).count(object, type === 'deleted' ? -1 : 1);
  }

  #isTouched({ object: node, old, type }: Change<Node>): boolean {
    const { name } = node.metadata;
    if (old === undefined) {
      this.#heard.delete(name);
      if (type === 'added') this.#hear(name);
      const [reason, what] = type === 'added' ? ['RegisteredNode', 'Registered'] : ['RemovingNode', 'Removing'];
      const where = type === 'added' ? 'in' : 'from';
      this.#events.normal(Node, node, reason, `Node ${name} event: ${what} Node ${name} ${where} Controller`);
      return true;
    }
    if (heartbeatOf(node) !== heartbeatOf(old)) this.#hear(name);
    const same = deepEqual(statesOf(node), statesOf(old)) && deepEqual(node.spec ?? {}, old.spec ?? {});
    return !same || !deepEqual(node.metadata.labels, old.metadata.labels);
  }

  #zonesWith(node: Node): Zones {
    return isSimulated(node) ? this.#zones.simulated : this.#zones.real;
  }

  #picture(): string {
    return `${this.#zones.real.picture}; ${this.#zones.simulated.picture}`;
  }

  #lost(): readonly string[] {
    return this.#nodes
      .list()
      .filter((node) => readinessOf(node) !== 'True')
      .map(({ metadata }) => metadata.name);
  }

  async #reconcile(name: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const node = this.#nodes.get(refOf(name));
    if (node === undefined) {
      this.#heard.delete(name);
      return {};
    }
    await this.#relabel(node);
    const { clock } = this.#deps;
    const lease = this.#leases.get({ namespace: leaseNamespace, name });
    const promised = (lease?.spec?.leaseDurationSeconds ?? 0) * 1000;
    const left = dueAt(node, this.#heard.get(name) ?? clock.monotonic(), promised) - clock.monotonic();
    const silent = left <= 0 ? unknownConditions(node, clock.now()) : undefined;
    if (silent !== undefined) {
      note({ node: name, conditions: silent });
      await this.#giveUp(node, silent);
      return {};
    }
    // A node that says itself that it is not ready goes on saying how its pods are.
    if (readinessOf(node) === 'Unknown') await this.#markPods(node);
    const pause = await this.#taint(node, note);
    const waits = [...(left > 0 ? [left] : []), ...(pause === undefined ? [] : [pause])];
    return waits.length === 0 ? {} : { after: Math.min(...waits) };
  }

  async #relabel(node: Node): Promise<void> {
    const labels = labelsFor(node);
    if (labels === undefined) return;
    await this.#deps.client.patch(Node, node.metadata, { metadata: { labels } }, { type: 'merge' });
  }

  async #giveUp(node: Node, conditions: NonNullable<Node['status']>['conditions']): Promise<void> {
    const was = readinessOf(node);
    const status = { ...node.status, ...(conditions !== undefined && { conditions }) };
    await this.#deps.client.update(Node, { ...node, status }, { subresource: 'status' });
    if (was === 'True') {
      this.#events.normal(Node, node, 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    }
  }

  /** Resolves to when to come back, if pods may not be driven away yet. */
  async #taint(node: Node, note: (plan: unknown) => void): Promise<number | undefined> {
    const { client, clock } = this.#deps;
    const pause = this.#evictionPause(node);
    const taints = taintsFor(node, pause === 0, clock.now());
    if (taints !== undefined) {
      note({ node: node.metadata.name, taints });
      const { resourceVersion } = node.metadata;
      await client.patch(
        Node,
        node.metadata,
        { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } },
        { type: 'merge' },
      );
    }
    return pause === 0 || pause === Infinity || readinessOf(node) === 'True' ? undefined : pause;
  }

  /** Milliseconds: one node of a zone after the other. Infinity while the node is to be left alone. */
  #evictionPause(node: Node): number {
    if (readinessOf(node) === 'True') return 0;
    const zones = this.#zonesWith(node);
    if (zones.allLost) return Infinity;
    if (isEvicting(node)) return 0;
    const zone = zoneOf(node);
    const pause = zones.pauseIn(zone);
    const now = this.#deps.clock.monotonic();
    const next = this.#nextEviction.get(zone) ?? now;
    if (pause === Infinity || now < next) return pause === Infinity ? pause : next - now;
    this.#nextEviction.set(zone, now + pause);
    return 0;
  }

  /** Services must not send anything to pods of a node that may be gone. */
  async #markPods(node: Node): Promise<void> {
    const { client, clock } = this.#deps;
    for (const pod of this.#pods.by('node', node.metadata.name)) {
      const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') continue;
      const condition = { ...ready, status: 'False', lastTransitionTime: timestamp(clock.now()) };
      const conditions = pod.status?.conditions?.map((each) => (each === ready ? condition : each)) ?? [];
      try {
        await client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: 'status' });
        this.#events.warning(Pod, pod, 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }
}

function heartbeatOf({ status }: Node): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;
}

function statesOf({ status }: Node): readonly string[] {
  return (status?.conditions ?? []).map(({ type, status: state }) => `${type}=${state}`);
}
