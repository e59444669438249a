/**
 * The scheduler: follows nodes and pods, decides for one pod at a time, and binds without waiting for the
 * answer before it decides for the next. A pod counts as placed from the decision on, and is taken back when
 * the binding fails.
 */
import { Binding } from '../api/core/binding.ts';
import { Node } from '../api/core/node.ts';
import { Pod } from '../api/core/pod.ts';
import { PodDisruptionBudget } from '../api/policy/pod-disruption-budget.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Pauses } from '../base/pauses.ts';
import type { Random } from '../base/random.ts';
import { aborted, type Service } from '../base/service.ts';
import { keyOf } from '../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../client/client.ts';
import type { Events } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { AssumedVolumes } from './assumed-volumes.ts';
import { decide, explain, type Decision } from './decide.ts';
import { eventsOfNodeUpdate, eventsOfPodUpdate } from './events.ts';
import { SchedulerFigures } from './figures.ts';
import { followOthers } from './following.ts';
import { worldWithNodes, type World } from './plugin.ts';
import { preempt, type PreemptionResult } from './preempt.ts';
import { defaultProfiles, defaultSchedulerName, type Profile, type Profiles } from './profile.ts';
import { SchedulingQueue } from './queue.ts';
import { evict, markUnscheduled, shortened, takeBack } from './report.ts';
import { Snapshot } from './snapshot.ts';
import { VolumeBinder } from './volume-binder.ts';
import { worldOf } from './world.ts';

export interface SchedulerDependencies {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: Events;
  /** By default one, `default-scheduler`. */
  readonly profiles?: Profiles;
  readonly backoff?: Pauses;
}

/** Bindings under way at the same time; more wait for a place. */
const maxBindings = 64;

/** Milliseconds of deciding without a pause: the API server may be in the same process. */
const longestTurn = 5;

/** Decisions remembered for `coracle why`; the oldest are forgotten. */
const maxRemembered = 1_000;

/** Counts since the start. */
export interface SchedulerStats {
  readonly figures: SchedulerFigures;
  readonly pending: SchedulingQueue['size'] & { readonly gated: number };
}

export interface RememberedDecision {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly decision: Decision;
  readonly message: string;
}

export class Scheduler implements Service {
  readonly name = 'scheduler';
  readonly #deps: SchedulerDependencies;
  readonly #profiles: Profiles;
  readonly #snapshot = new Snapshot();
  readonly #volumeBinder: VolumeBinder;
  readonly #world: World;
  readonly #queue: SchedulingQueue;
  readonly #pods: Informer<Pod>;
  readonly #decisions = new Map<string, RememberedDecision>();
  /** Pods that preempted others wait for their node; nobody less important may take it. */
  readonly #nominated = new Map<string, { readonly pod: Pod; readonly node: string }>();
  #bindings = 0;
  #offset = 0;
  #wanted = false;
  #running = false;
  readonly #figures: SchedulerFigures;
  /** Uids of pods with scheduling gates. */
  readonly #gated = new Set<string>();

  constructor(deps: SchedulerDependencies) {
    this.#deps = deps;
    this.#profiles = deps.profiles ?? defaultProfiles;
    this.#figures = new SchedulerFigures(Object.keys(this.#profiles));
    const assumed = new AssumedVolumes();
    this.#world = worldOf(deps.informers, this.#snapshot, assumed);
    this.#volumeBinder = new VolumeBinder({ ...deps, assumed, world: this.#world });
    this.#queue = new SchedulingQueue(deps.clock, () => this.#wake(), deps.backoff);
    this.#pods = deps.informers.of(Pod);
    // Asked for here so that all of them are started together with the others.
    deps.informers.of(Node);
    deps.informers.of(PodDisruptionBudget);
  }

  /** Figures for metrics. */
  get stats(): SchedulerStats {
    return { figures: this.#figures, pending: { ...this.#queue.size, gated: this.#gated.size } };
  }

  /** The last decision made for a pod, by `namespace/name`. */
  decisionOf(key: string): RememberedDecision | undefined {
    return this.#decisions.get(key);
  }

  async run(signal: AbortSignal): Promise<void> {
    const others = followOthers(this.#deps.informers, (event) => this.#queue.announce(event));
    const stops = [this.#followNodes(), this.#followPods(), ...others, this.#volumeBinder.follow()];
    try {
      await this.#deps.informers.whenSynced(signal);
      this.#running = true;
      this.#wake();
      await aborted(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#running = false;
      for (const stop of stops) stop();
      this.#queue.close();
    }
  }

  #followNodes(): () => void {
    return this.#deps.informers.of(Node).subscribe({
      added: (node) => {
        if (this.#snapshot.setNode(node)) this.#queue.announce('node-added');
      },
      updated: (node, old) => {
        // A node is first seen without anything to give; only what it tells then lets pods choose it.
        if (this.#snapshot.setNode(node)) return this.#queue.announce('node-added');
        for (const event of eventsOfNodeUpdate(node, old)) this.#queue.announce(event);
      },
      deleted: (node) => {
        this.#snapshot.removeNode(node.metadata.name);
        this.#queue.announce('node-gone');
      },
    });
  }

  #followPods(): () => void {
    return this.#pods.subscribe({
      added: (pod) => this.#podChanged(pod),
      updated: (pod, old) => this.#podChanged(pod, old),
      deleted: (pod) => {
        this.#decisions.delete(keyOf(pod));
        this.#podGone(pod.metadata.uid);
      },
    });
  }

  #podChanged(pod: Pod, old?: Pod): void {
    const { uid } = pod.metadata;
    const node = pod.spec?.nodeName ?? '';
    if (isFinished(pod)) return this.#podGone(uid);
    if (node !== '') return this.#podPlaced(pod, node, old);
    if (pod.metadata.deletionTimestamp !== undefined || !this.#isMine(pod)) return this.#forget(uid);
    if (isGated(pod)) return void this.#gated.add(uid);
    this.#gated.delete(uid);
    const released = this.#noteNomination(pod, old);
    if (old !== undefined && !released && onlyStatusDiffers(pod, old)) this.#queue.refresh(pod);
    else this.#queue.put(pod);
  }

  /** What the status says, so that it outlives this process. Whether somebody else took the node back. */
  #noteNomination(pod: Pod, old: Pod | undefined): boolean {
    const { uid } = pod.metadata;
    const node = pod.status?.nominatedNodeName ?? '';
    if (node !== '') this.#nominated.set(uid, { pod, node });
    if (node !== '' || (old?.status?.nominatedNodeName ?? '') === '') return false;
    return this.#nominated.delete(uid);
  }

  #podPlaced(pod: Pod, node: string, old: Pod | undefined): void {
    this.#forget(pod.metadata.uid);
    this.#nominated.delete(pod.metadata.uid);
    this.#snapshot.place(pod, node);
    for (const event of eventsOfPodUpdate(pod, old)) this.#queue.announce(event);
  }

  #forget(uid: string): void {
    this.#gated.delete(uid);
    this.#queue.remove(uid);
    this.#volumeBinder.podGone(uid);
  }

  #podGone(uid: string): void {
    this.#forget(uid);
    this.#nominated.delete(uid);
    if (this.#snapshot.nodeOf(uid) === undefined) return;
    this.#snapshot.remove(uid);
    this.#queue.announce('pod-gone');
  }

  #isMine(pod: Pod): boolean {
    return this.#profileOf(pod) !== undefined;
  }

  #profileOf(pod: Pod): Profile | undefined {
    const name = schedulerNameOf(pod);
    return Object.hasOwn(this.#profiles, name) ? this.#profiles[name] : undefined;
  }

  #wake(): void {
    if (!this.#running || this.#wanted) return;
    this.#wanted = true;
    // After the present turn: what arrives together is ordered by priority first.
    queueMicrotask(() => {
      this.#wanted = false;
      this.#scheduleReady();
    });
  }

  #scheduleReady(): void {
    const { clock } = this.#deps;
    const began = clock.monotonic();
    while (this.#running && this.#bindings < maxBindings) {
      if (clock.monotonic() - began > longestTurn) return this.#wakeLater();
      const pod = this.#queue.take();
      if (pod === undefined) return;
      this.#schedule(pod);
    }
  }

  /** Others of the process have their turn first. */
  #wakeLater(): void {
    this.#wanted = true;
    setImmediate(() => {
      this.#wanted = false;
      this.#scheduleReady();
    });
  }

  #schedule(pod: Pod): void {
    const profile = this.#profileOf(pod);
    if (profile === undefined) return this.#queue.remove(pod.metadata.uid);
    const began = this.#deps.clock.monotonic();
    const world = this.#worldFor(pod);
    const nominated = this.#nominated.get(pod.metadata.uid)?.node;
    const decision = decide(pod, world, {
      plugins: profile.plugins,
      percentageOfNodes: profile.percentageOfNodes,
      offset: this.#offset,
      tieBreak: this.#deps.random.next(),
      ...(nominated === undefined ? {} : { nominated }),
    });
    this.#figures.decided(this.#deps.clock.monotonic() - began);
    this.#offset = (this.#offset + decision.evaluated) % Math.max(1, this.#world.nodes.length);
    this.#bindings += 1;
    const work =
      decision.node === undefined
        ? this.#refuse(pod, decision, world, profile)
        : this.#bind(pod, decision.node, decision);
    void work.finally(() => {
      this.#bindings -= 1;
      this.#wake();
    });
  }

  /** Nodes as they will be once pods that made room for themselves have arrived. */
  #worldFor(pod: Pod): World {
    const rivals = [...this.#nominated.values()].filter(
      (each) =>
        each.pod.metadata.uid !== pod.metadata.uid && (each.pod.spec?.priority ?? 0) >= (pod.spec?.priority ?? 0),
    );
    if (rivals.length === 0) return this.#world;
    return worldWithNodes(this.#world, this.#snapshot.nodesWith(rivals));
  }

  async #bind(pod: Pod, node: string, decision: Decision): Promise<void> {
    const { client, events, logger } = this.#deps;
    const { uid, namespace, name } = pod.metadata;
    this.#snapshot.place(pod, node);
    const assigned = `Successfully assigned ${keyOf(pod)} to ${node}`;
    try {
      if (this.#volumeBinder.hasWork(pod)) {
        this.#remember(pod, decision, `It goes to ${node} when its volumes are bound`);
        await this.#bindVolumes(pod, node);
      }
      this.#remember(pod, decision, assigned);
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const binding = {
        apiVersion: Binding.apiVersion,
        kind: Binding.kind,
        metadata: { name, namespace, uid },
        target,
      };
      await client.post(Pod, { namespace, name }, 'binding', binding);
      this.#figures.count(schedulerNameOf(pod), 'scheduled');
      this.#queue.succeed(uid);
      events.normal(Pod, pod, 'Scheduled', assigned);
    } catch (error) {
      this.#snapshot.remove(uid);
      this.#queue.announce('pod-gone');
      const gone = this.#pods.get(pod.metadata)?.metadata.uid !== uid;
      if (gone || isNotFound(error) || isConflict(error)) return this.#queue.succeed(uid);
      this.#figures.count(schedulerNameOf(pod), 'error');
      logger.warn('could not bind', { pod: keyOf(pod), node, error });
      const message = messageOf(error);
      this.#remember(pod, decision, message);
      events.warning(Pod, pod, 'FailedScheduling', shortened(message));
      this.#queue.fail(uid);
      await markUnscheduled(this.#deps, pod, { reason: 'SchedulerError', message });
    }
  }

  /** Others are bound while it waits. */
  async #bindVolumes(pod: Pod, node: string): Promise<void> {
    const assignments = await this.#volumeBinder.reserve(pod, node);
    this.#bindings -= 1;
    this.#wake();
    try {
      await this.#volumeBinder.whenBound(pod, node, assignments, this.#profileOf(pod)?.volumeBindTimeout);
    } finally {
      this.#bindings += 1;
    }
  }

  async #refuse(pod: Pod, decision: Decision, world: World, { plugins, preempts }: Profile): Promise<void> {
    const { informers, events, logger } = this.#deps;
    const { uid } = pod.metadata;
    const budgets = informers.of(PodDisruptionBudget).list();
    const nominated = this.#nominated.get(uid)?.node;
    const result: PreemptionResult =
      world.nodes.length === 0 || !preempts
        ? {}
        : preempt(pod, { decision, world, budgets, plugins, ...(nominated === undefined ? {} : { nominated }) });
    const { preemption, explanation, waiting } = result;
    const message = [
      explain(decision, world.nodes.length),
      ...(explanation === undefined ? [] : [`preemption: ${explanation}`]),
    ].join(' ');
    this.#figures.count(schedulerNameOf(pod), 'unschedulable');
    this.#remember(pod, decision, message);
    events.warning(Pod, pod, 'FailedScheduling', shortened(message));
    if (preemption !== undefined) this.#nominated.set(uid, { pod, node: preemption.node });
    else if (waiting === undefined) this.#nominated.delete(uid);
    this.#queue.reject(uid, decision.rejectedBy);
    try {
      if (preemption !== undefined) await this.#evict(pod, preemption);
    } catch (error) {
      logger.warn('could not make room for a pod', { pod: keyOf(pod), error });
    }
    const where = this.#nominated.get(uid)?.node ?? '';
    await markUnscheduled(this.#deps, pod, { reason: 'Unschedulable', message, nominated: where });
  }

  async #evict(pod: Pod, preemption: NonNullable<PreemptionResult['preemption']>): Promise<void> {
    this.#figures.preemptions += 1;
    this.#figures.victims += preemption.victims.length;
    await Promise.all(this.#lesserRivals(pod, preemption.node).map((rival) => takeBack(this.#deps, rival)));
    await evict(this.#deps, pod, preemption);
  }

  /** Less important pods for which room was made on the node: they had better look elsewhere. */
  #lesserRivals(pod: Pod, node: string): readonly Pod[] {
    return [...this.#nominated.values()]
      .filter((each) => each.node === node && (each.pod.spec?.priority ?? 0) < (pod.spec?.priority ?? 0))
      .map((each) => each.pod);
  }

  #remember(pod: Pod, decision: Decision, message: string): void {
    const key = keyOf(pod);
    this.#decisions.delete(key);
    this.#decisions.set(key, { at: this.#deps.clock.now(), decision, message });
    const [oldest] = this.#decisions.keys();
    if (this.#decisions.size > maxRemembered && oldest !== undefined) this.#decisions.delete(oldest);
  }
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isGated({ spec }: Pod): boolean {
  return (spec?.schedulingGates ?? []).length > 0;
}

/** Our own condition comes back as an update; it must not make us try again. */
function onlyStatusDiffers(pod: Pod, old: Pod): boolean {
  return (
    JSON.stringify(pod.spec) === JSON.stringify(old.spec) &&
    JSON.stringify(pod.metadata.labels) === JSON.stringify(old.metadata.labels)
  );
}

function schedulerNameOf({ spec }: Pod): string {
  return spec?.schedulerName ?? defaultSchedulerName;
}
