/**
 * A small cluster in memory for tests of controllers: objects, a clock that is stepped, nodes that start and
 * end pods after a while, and the controllers under test.
 *
 *     const simulation = new Simulation({ nodes: 3, controllers: (deps, events) => [replicaSetController(deps, events)] });
 *     simulation.put(ReplicaSet, { metadata: { name: 'web', namespace: 'default' }, spec });
 *     await simulation.run(60_000);
 *     simulation.client.all(Pod);
 *     await simulation.stop();
 */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { PodStatus } from '../../api/core/pod-status.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { FakeClock, parseTimestamp, timestamp, type Clock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom, type Random } from '../../base/random.ts';
import { runAll, type Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import type { Events } from '../../client/event-recorder.ts';
import { Informers } from '../../client/informers.ts';
import { faulty, type Faults } from '../../client/testing/faulty-client.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { applyDefaults } from '../../schema/defaults.ts';
import { deepClone } from '../../schema/freeze.ts';
import type { Dependencies } from '../dependencies.ts';

/** How a pod lives on its node. Milliseconds. */
export interface PodLife {
  readonly start: number;
  /** From being deleted to being gone. */
  readonly stop: number;
  /** Pods that end by themselves. */
  readonly end?: { readonly after: number; readonly phase: 'Succeeded' | 'Failed'; readonly exitCode?: number };
  /** Never gets ready. */
  readonly broken?: boolean;
}

export interface SimulationOptions {
  readonly controllers: (deps: Dependencies, events: Events) => readonly Service[];
  readonly nodes?: number;
  /** Whether pods get nodes in turn; else one of the controllers is their scheduler. */
  readonly placesPods?: boolean;
  readonly life?: (pod: Pod) => PodLife;
  /** What goes wrong between the controllers and the server. */
  readonly faults?: Faults;
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly start?: number;
}

export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly about: string;
}

export const shortLife: PodLife = { start: 1000, stop: 1000 };

export class Simulation {
  readonly clock: FakeClock;
  readonly client: MemoryClient;
  readonly events: Told[] = [];
  readonly #random: Random;
  readonly #options: SimulationOptions;
  #abort = new AbortController();
  #running: readonly Promise<void>[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.clock = new FakeClock(options.start);
    this.#random = seededRandom(options.seed ?? 1);
    this.client = new MemoryClient({ clock: this.clock, random: this.#random });
    for (let index = 0; index < (options.nodes ?? 1); index += 1) this.addNode(`node-${index + 1}`);
    this.#start();
  }

  addNode(name: string, spec: Node['spec'] = {}, labels: Readonly<Record<string, string>> = {}): Node {
    return this.client.seed(Node, { metadata: { name, labels }, spec });
  }

  /** Stores an object as the API server would: with defaults, and what is prepared at its creation. */
  put<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>): T {
    return this.client.seed(kind, this.#prepared(kind, object));
  }

  #prepared<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>): Draft<T> {
    const draft = deepClone({ apiVersion: kind.apiVersion, kind: kind.kind, ...object }) as Record<string, unknown>;
    draft['metadata'] = { uid: this.#random.uuid(), ...object.metadata };
    applyDefaults(kind.schema, draft);
    kind.defaults?.(draft);
    kind.prepareCreate?.(draft, () => undefined);
    return draft as unknown as Draft<T>;
  }

  /** Steps time by so many milliseconds. `look` sees every state in which the cluster comes to rest on the way. */
  async run(milliseconds: number, look?: () => void): Promise<void> {
    const until = this.clock.now() + milliseconds;
    for (;;) {
      await this.clock.advance(0);
      look?.();
      const next = this.clock.nextDue;
      if (next === undefined || next > until) break;
      await this.clock.advance(Math.max(0, next - this.clock.now()));
    }
    await this.clock.advance(until - this.clock.now());
    look?.();
  }

  /** Ends the controllers as a crash does, and starts others that know nothing of the past. */
  async restart(faults = this.#options.faults): Promise<void> {
    await this.stop();
    this.#start(faults);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  #start(faults = this.#options.faults): void {
    this.#abort = new AbortController();
    const { client, clock } = this;
    const random = this.#random;
    const unreliable = faulty(client, faults ?? {}, { random, clock });
    const wrapped: Client = {
      ...unreliable,
      create: (kind, object, writeOptions) => unreliable.create(kind, this.#prepared(kind, object), writeOptions),
    };
    const services = this.#services(wrapped, this.#options.controllers);
    const nodes = this.#services(client, (deps) => [nodesOf(deps, client, this.#options)]);
    this.#running = [services, nodes].map((each) => runAll(each, this.#abort.signal));
  }

  #services(client: Client, make: SimulationOptions['controllers']): readonly Service[] {
    const { clock } = this;
    const informers = new Informers({ client, clock, random: this.#random });
    const deps = { client, informers, clock, random: this.#random, logger: silentLogger };
    return [...make(deps, this.#recorder()), informers];
  }

  #recorder(): Events {
    const tell = (type: Told['type']) => (kind: Kind, object: KubernetesObject, reason: string, message: string) =>
      void this.events.push({ type, reason, message, about: `${kind.kind} ${keyOf(object)}` });
    return {
      normal: tell('Normal'),
      warning: tell('Warning'),
      record: ({ kind = '', name = '', namespace = '' }, type, reason, message) =>
        void this.events.push({ type, reason, message, about: `${kind} ${keyOf({ metadata: { name, namespace } })}` }),
    };
  }
}

/** Scheduler and node agents in one: places pods in turn, starts, ends and removes them when it is time. */
function nodesOf({ informers, clock }: Dependencies, client: MemoryClient, options: SimulationOptions): Service {
  const pods = informers.of(Pod);
  const nodes = informers.of(Node);
  const lifeOf = options.life ?? (() => shortLife);
  let turn = 0;
  const place = async (pod: Pod): Promise<void> => {
    const wanted = nodeAskedFor(pod);
    const free = nodes
      .list()
      .filter(({ spec, metadata }) => (wanted === undefined ? spec?.unschedulable !== true : metadata.name === wanted));
    const node = free[turn++ % Math.max(1, free.length)];
    if (node !== undefined) await client.post(Pod, pod.metadata, 'binding', { target: { name: node.metadata.name } });
  };
  return new Controller(
    {
      name: 'simulated-nodes',
      sources: [watching(pods), watching(nodes, () => pods.list().filter(isUnplaced).map(keyOf))],
      reconcile: async (key) => {
        const pod = pods.get(refOf(key));
        if (pod === undefined) return;
        try {
          if (pod.metadata.deletionTimestamp !== undefined) return await leave(client, clock, pod, lifeOf(pod));
          if (isUnplaced(pod)) return options.placesPods === false ? undefined : await place(pod);
          return await live(client, clock, pod, lifeOf(pod));
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return;
      },
    },
    { clock },
  );
}

function isUnplaced({ spec }: Pod): boolean {
  return (spec?.nodeName ?? '') === '';
}

function nodeAskedFor({ spec }: Pod): string | undefined {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === 'metadata.name');
  return field?.values?.[0];
}

const since = (clock: Clock, text: string | undefined): number => clock.now() - parseTimestamp(text ?? '');

async function live(client: Client, clock: Clock, pod: Pod, life: PodLife): Promise<{ after?: number }> {
  const phase = pod.status?.phase ?? 'Pending';
  if (phase === 'Pending') {
    const wait = life.start - since(clock, pod.metadata.creationTimestamp);
    if (wait > 0) return { after: wait };
    await setStatus(client, pod, statusOf('Running', life.broken !== true, clock));
  } else if (phase === 'Running' && life.end !== undefined) {
    const wait = life.end.after - since(clock, pod.status?.startTime);
    if (wait > 0) return { after: wait };
    await setStatus(client, pod, endedStatus(pod, life.end, clock));
  }
  return {};
}

async function leave(client: Client, clock: Clock, pod: Pod, { stop }: PodLife): Promise<{ after?: number }> {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionGracePeriodSeconds === 0) return {};
  const begun = parseTimestamp(deletionTimestamp ?? '') - deletionGracePeriodSeconds * 1000;
  const wait = begun + stop - clock.now();
  if (wait > 0) return { after: wait };
  if (pod.status?.phase === 'Running') {
    await setStatus(client, pod, endedStatus(pod, { after: 0, phase: 'Failed', exitCode: 137 }, clock));
  }
  await client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
  return {};
}

function setStatus(client: Client, pod: Pod, status: PodStatus): Promise<Pod> {
  return client.update(Pod, { ...pod, status }, { subresource: 'status' });
}

function statusOf(phase: string, ready: boolean, clock: Clock): PodStatus {
  const now = timestamp(clock.now());
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now };
  return { phase, conditions: [condition], startTime: now } as PodStatus;
}

function endedStatus(pod: Pod, { phase, exitCode }: NonNullable<PodLife['end']>, clock: Clock): PodStatus {
  const finishedAt = timestamp(clock.now());
  const terminated = { exitCode: exitCode ?? (phase === 'Succeeded' ? 0 : 1), finishedAt };
  const names = (pod.spec?.containers ?? []).map(({ name }) => name);
  const containerStatuses = names.map((name) => ({
    name,
    ready: false,
    restartCount: 0,
    image: '',
    imageID: '',
    state: { terminated },
  }));
  const { startTime } = pod.status ?? {};
  return { ...statusOf(phase, false, clock), startTime, containerStatuses } as PodStatus;
}
