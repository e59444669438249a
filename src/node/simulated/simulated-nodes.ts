/**
 * Many nodes that exist in the API only, in one process: what it takes to see how a cluster of thousands of nodes
 * behaves without having one.
 *
 * Guarantees
 * - As many nodes as asked for are there and Ready once `onReady` is called; more than that, from an earlier start,
 *   are gone. Everything that was lost while this did not run is made up for.
 * - A pod that is bound to one becomes Running and ready, with an address of its own; one that is deleted is gone
 *   soon after. Containers of Jobs end after a second, others when annotations say so (`life.ts`), or never.
 * - A claim whose first pod was sent to one gets a volume of the class `local-path`, which is as simulated as they are.
 * - At rest there is one Lease to renew every few hundred milliseconds, whatever the number of nodes up to thousands:
 *   Leases promise an hour, and node health takes them at their word.
 */
import { Lease } from '../../api/coordination/lease.ts';
import { Node } from '../../api/core/node.ts';
import type { PodStatus } from '../../api/core/pod-status.ts';
import { Pod } from '../../api/core/pod.ts';
import { isSimulated, simulatedNode } from '../../api/core/simulated-node.ts';
import { microTimestamp, type Clock } from '../../base/clock.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { runAll, type Service } from '../../base/service.ts';
import { refOf } from '../../client/cache.ts';
import { isAlreadyExists, isConflict, isNotFound, type Client } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { Informer } from '../../client/informer.ts';
import { AddressPool } from '../../network/addresses.ts';
import { localPathProvisioner, localPathService, type Directories } from '../local-path.ts';
import { endedStatus, endOf, isMortal } from './life.ts';
import { leaseDraft, leaseNamespace, nodeDraft, nodeName, nodeStatus, podRange, runningStatus } from './objects.ts';

export interface SimulatedNodesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How many. */
  readonly count: number;
  /** Start of their names. */
  readonly prefix: string;
  /** The address that they all say is theirs: of the machine that pretends to be them. */
  readonly address: string;
  /** Called once all nodes are there. */
  readonly onReady?: () => void;
}

/** Calls under way at the same time. */
const width = 48;
const leaseSeconds = 3_600;
/** Milliseconds in which every Lease is renewed once. */
const renewEvery = (leaseSeconds * 1000) / 3;
/** What volumes say they are directories of. None is made: no container ever looks into one. */
const volumeFolder = '/var/lib/simulated/local-path';
const directories: Directories = { make: () => Promise.resolve(), remove: () => Promise.resolve() };

export function simulatedNodes(options: SimulatedNodesOptions): Service {
  return new SimulatedNodes(options);
}

class SimulatedNodes implements Service {
  readonly name = 'simulated nodes';
  readonly #options: SimulatedNodesOptions;
  readonly #names: readonly string[];
  readonly #mine: ReadonlySet<string>;
  readonly #addresses = new AddressPool(podRange);
  /** By the pod's uid. */
  readonly #addressOf = new Map<string, string>();

  constructor(options: SimulatedNodesOptions) {
    this.#options = options;
    this.#names = Array.from({ length: options.count }, (_, at) => nodeName(options.prefix, at + 1));
    this.#mine = new Set(this.#names);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await this.#register(signal);
    if (signal.aborted) return;
    this.#options.onReady?.();
    const pods = this.#podInformer();
    const controller = new Controller(
      {
        name: 'simulated-pods',
        sources: [watching(pods, ({ type, object }) => this.#keysOf(type, object))],
        concurrency: width,
        reconcile: (key) => this.#reconcile(pods.get(refOf(key))),
      },
      { clock, logger: this.#options.logger },
    );
    const leases: Service = { name: 'leases', run: (until) => this.#renew(until) };
    await runAll([pods, controller, leases, ...this.#volumes()], signal);
  }

  #volumes(): readonly Service[] {
    const { client, clock, random, logger } = this.#options;
    const events = new EventRecorder({ client, clock, random, component: localPathProvisioner, logger });
    const isOurs = (nodeName: string): boolean => this.#mine.has(nodeName);
    const service = localPathService({ client, clock, logger, events, isOurs, folder: volumeFolder, directories });
    return [events, service];
  }

  #podInformer(): Informer<Pod> {
    const { client, clock, random, logger } = this.#options;
    // Those of real nodes come too, which are few; fields of thousands of nodes cannot be selected by.
    return new Informer<Pod>({
      client,
      kind: Pod,
      clock,
      random,
      logger,
      fieldSelector: 'spec.nodeName!=',
      transform: trimmed,
    });
  }

  /** Also keeps account of addresses: those that pods have from before are theirs. */
  #keysOf(type: 'added' | 'updated' | 'deleted', pod: Pod): readonly string[] {
    if (!this.#mine.has(pod.spec?.nodeName ?? '')) return [];
    const { uid, namespace = '', name } = pod.metadata;
    if (type === 'deleted') {
      this.#release(uid);
      return [];
    }
    const podIP = pod.status?.podIP;
    if (podIP !== undefined && !this.#addressOf.has(uid)) {
      this.#addresses.reserve(podIP);
      this.#addressOf.set(uid, podIP);
    }
    return hasToChange(pod) ? [`${namespace}/${name}`] : [];
  }

  #release(uid: string): void {
    const address = this.#addressOf.get(uid);
    if (address === undefined) return;
    this.#addressOf.delete(uid);
    this.#addresses.release(address);
  }

  async #reconcile(pod: Pod | undefined): Promise<ReconcileResult> {
    if (pod === undefined) return {};
    try {
      if (pod.metadata.deletionTimestamp !== undefined) await this.#remove(pod);
      else if (pod.status?.phase === 'Running') return await this.#end(pod);
      else await this.#start(pod);
    } catch (error) {
      // Gone, or another of its name.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return {};
  }

  async #start(pod: Pod): Promise<void> {
    if ((pod.status?.phase ?? 'Pending') !== 'Pending') return;
    const { clock, address } = this.#options;
    const { uid } = pod.metadata;
    const podIp = pod.spec?.hostNetwork === true ? address : (this.#addressOf.get(uid) ?? this.#addresses.allocate());
    if (podIp !== address) this.#addressOf.set(uid, podIp);
    await this.#tell(pod, runningStatus(pod, podIp, address, clock.now()));
  }

  /** Resolves to when to come back, if its containers still run. */
  async #end(pod: Pod): Promise<ReconcileResult> {
    const now = this.#options.clock.now();
    const left = endOf(pod) - now;
    if (left > 0) return { after: left };
    await this.#tell(pod, endedStatus(pod, now));
    return {};
  }

  async #tell({ metadata }: Pod, status: PodStatus): Promise<void> {
    const { uid } = metadata;
    const patch = { metadata: { uid }, status };
    await this.#options.client.patch(Pod, metadata, patch, { type: 'merge', subresource: 'status' });
  }

  /** Nothing has to end first: its grace is not needed. */
  async #remove({ metadata }: Pod): Promise<void> {
    await this.#options.client.delete(Pod, metadata, {
      gracePeriodSeconds: 0,
      preconditions: { uid: metadata.uid },
    });
  }

  /** Nodes and Leases as they should be, however they are found. */
  async #register(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const { items } = await this.#insist(signal, () => client.list(Node, { labelSelector: simulatedNode }));
    const present = new Map(items.map((node) => [node.metadata.name, node]));
    const surplus = items.filter((node) => isSimulated(node) && !this.#mine.has(node.metadata.name));
    await this.#each(surplus, signal, ({ metadata }) => client.delete(Node, metadata).catch(unlessGone));
    await this.#each(this.#names, signal, async (name, at) => {
      const node = await this.#ensureNode(name, at + 1, present.get(name));
      await this.#ensureLease(node);
    });
  }

  async #ensureNode(name: string, number: number, present: Node | undefined): Promise<Node> {
    const { client, clock, address } = this.#options;
    const input = { name, number, address, now: clock.now() };
    const found = present ?? (await client.create(Node, nodeDraft(input)));
    const ready = found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (ready === true) return found;
    return await client.patch(Node, { name }, { status: nodeStatus(input) }, { type: 'merge', subresource: 'status' });
  }

  async #ensureLease(node: Node): Promise<void> {
    const { client, clock } = this.#options;
    const draft = leaseDraft(node, leaseSeconds, clock.now());
    try {
      await client.create(Lease, draft);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { ownerReferences } = draft.metadata;
      const patch = { metadata: { ownerReferences }, spec: draft.spec };
      await client.patch(Lease, { namespace: leaseNamespace, name: node.metadata.name }, patch, { type: 'merge' });
    }
  }

  /** One after the other, evenly over the period; a missed one has its next turn long before its Lease ends. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#options;
    const pause = renewEvery / Math.max(1, this.#names.length);
    for (let at = 0; !signal.aborted; at += 1) {
      await clock.sleep(Math.max(pause, 1), signal).catch(() => {});
      const name = this.#names[at % this.#names.length];
      if (signal.aborted || name === undefined) continue;
      const patch = { spec: { renewTime: microTimestamp(clock.now()) } };
      try {
        await client.patch(Lease, { namespace: leaseNamespace, name }, patch, { type: 'merge' });
      } catch (error) {
        if (!signal.aborted) logger.warn('a Lease was not renewed', { node: name, error: messageOf(error) });
      }
    }
  }

  /** Calls `work` for all of them, some at a time, again and again for those that fail. */
  async #each<T>(
    items: readonly T[],
    signal: AbortSignal,
    work: (item: T, at: number) => Promise<unknown>,
  ): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < items.length && !signal.aborted) {
        const at = next++;
        await this.#insist(signal, () => work(items[at] as T, at));
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
  }

  /** Until it works: the server may just be starting. */
  async #insist<R>(signal: AbortSignal, call: () => Promise<R>): Promise<R> {
    const { clock, logger } = this.#options;
    for (let pause = 50, failures = 1; ; pause = Math.min(2_000, pause * 2), failures += 1) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted || isAbort(error)) throw error;
        if (failures % 8 === 0) logger.warn('cannot register a simulated node', { failures, error: messageOf(error) });
      }
      await clock.sleep(pause, signal);
    }
  }
}

/** Now or later, without anybody else's doing. */
function hasToChange(pod: Pod): boolean {
  const phase = pod.status?.phase ?? 'Pending';
  return pod.metadata.deletionTimestamp !== undefined || phase === 'Pending' || (phase === 'Running' && isMortal(pod));
}

/** What is needed of a pod, which is little once it runs: tens of thousands are kept. */
function trimmed(pod: Pod): Pod {
  const { managedFields: _fields, annotations, labels: _labels, ...metadata } = pod.metadata;
  const phase = pod.status?.phase ?? 'Pending';
  if (phase === 'Running' && isMortal(pod))
    return { ...pod, metadata: { ...metadata, ...(annotations && { annotations }) } };
  if (phase === 'Pending') return { ...pod, metadata };
  const { nodeName: on = '' } = pod.spec ?? {};
  const { podIP } = pod.status ?? {};
  return {
    metadata,
    spec: { containers: [], nodeName: on },
    status: { phase, ...(podIP === undefined ? {} : { podIP }) },
  };
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
