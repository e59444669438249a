/**
 * Tells the cluster that this node exists and is alive: the Node object, its status and its Lease.
 *
 * The Lease is renewed every 10 s. The status is written when something in it changed, and every 5 minutes anyway.
 */
import { Lease } from '../api/coordination/lease.ts';
import { Node, type NodeStatus } from '../api/core/node.ts';
import type { OwnerReference } from '../api/meta/object-meta.ts';
import { microTimestamp, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { pauseAfter, type Pauses } from '../base/pauses.ts';
import { isAlreadyExists, isNotFound, type Client } from '../client/client.ts';
import type { ImageService, RuntimeService } from '../runtime/runtime.ts';
import type { NodeConfig } from './config.ts';
import type { EventRecorder } from './events.ts';
import type { Machine, MachineFacts } from './machine/machine.ts';
import { nodeDraft, nodeAnnotations, nodeLabels, nodeStatus, type Pressures } from './node-object.ts';
import { within } from './timeout.ts';

export interface RegistrationOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: NodeConfig;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly machine: Machine;
  readonly facts: MachineFacts;
  readonly events: EventRecorder;
  /** Runtime handlers beside the default one. */
  readonly handlers: readonly string[];
  readonly pressures: () => Pressures;
  readonly volumesInUse: () => Promise<readonly string[]>;
}

const leaseSeconds = 40;
const renewEvery = 10_000;
const reportEvery = 300_000;
const retry: Pauses = { first: 200, longest: 7000 };
const callTimeout = 10_000;

export class Registration {
  readonly name = 'registration';
  readonly #options: RegistrationOptions;
  #known: Node | undefined;
  #reportedAt = 0;
  #runtimeVersion: { readonly name: string; readonly version: string } | undefined;
  #wake: (() => void) | undefined;
  #due = false;
  #leaseIsOwned = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** The node as the API has it. */
  get node(): Node | undefined {
    return this.#known;
  }

  /** Something that the status shows has changed. */
  kick(): void {
    this.#due = true;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    await Promise.all([this.#beat(signal), this.#report(signal)]);
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let failures = 0;
    let warned = false;
    while (!signal.aborted) {
      let delay = renewEvery;
      this.#due = false;
      try {
        await this.#reportOnce();
        failures = 0;
        warned = false;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        delay = pauseAfter(failures, retry);
        if (!warned) log.warn('cannot report the node', { error: messageOf(error) });
        warned = true;
      }
      // The signal may have come while there was nobody to wake.
      if (!this.#due && !signal.aborted) await this.#pause(delay, clock);
    }
  }

  /** Until kicked, or until `delay` has passed. */
  #pause(delay: number, clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(delay, () => this.#wake?.());
      this.#wake = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }

  async #reportOnce(): Promise<void> {
    const { client, config, clock } = this.#options;
    await this.#refresh();
    const status = await this.#status();
    this.#known ??= await this.#register(status);
    const overdue = clock.now() - this.#reportedAt >= reportEvery;
    const patch = nodePatch(this.#known.status ?? {}, status, overdue);
    if (patch === undefined) return;
    try {
      const ref = { name: config.nodeName };
      this.#known = await client.patch(Node, ref, { status: patch }, { type: 'strategic', subresource: 'status' });
      this.#reportedAt = clock.now();
    } catch (error) {
      if (isNotFound(error)) this.#known = undefined;
      throw error;
    }
  }

  /** Others write there, too: extended resources, and that nothing was heard of this node for a while. */
  async #refresh(): Promise<void> {
    if (this.#known === undefined) return;
    try {
      this.#known = await this.#options.client.get(Node, { name: this.#options.config.nodeName });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Deleted by an administrator: it registers anew.
      this.#known = undefined;
    }
  }

  async #status(): Promise<NodeStatus> {
    const { options } = { options: this.#options };
    // Asking may cost a process, and a runtime is not replaced under a running agent.
    this.#runtimeVersion ??= await options.runtime.version();
    const version = this.#runtimeVersion;
    const [images, disk, problems] = await Promise.all([
      options.images.listImages(),
      options.machine.disk(options.config.rootDirectory),
      options.runtime.problems(),
    ]);
    return nodeStatus({
      config: options.config,
      facts: options.facts,
      disk,
      runtimeVersion: `${version.name}://${version.version}`,
      handlers: ['', ...options.handlers],
      images,
      pressures: options.pressures(),
      problems,
      volumesInUse: await options.volumesInUse(),
      now: options.clock.now(),
      previous: this.#known?.status,
    });
  }

  /** Creates the node, or takes over the one that is there and gives it this agent's labels and annotations. */
  async #register(status: NodeStatus): Promise<Node> {
    const { client, config, facts, events } = this.#options;
    const ref = { name: config.nodeName };
    try {
      if (config.registerNode) {
        const created = await client.create(Node, nodeDraft({ config, facts }, status));
        events.about(nodeReference(config.nodeName), 'Normal', 'Starting', 'Starting kubelet.');
        return created;
      }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const existing = await client.get(Node, ref);
    const metadata = { labels: nodeLabels({ config, facts }), annotations: nodeAnnotations };
    const stale = (['labels', 'annotations'] as const).some((field) =>
      Object.entries(metadata[field]).some(([name, value]) => existing.metadata[field]?.[name] !== value),
    );
    if (!stale) return existing;
    return client.patch(Node, ref, { metadata }, { type: 'strategic' });
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      let delay = renewEvery;
      try {
        const done = await within(
          clock,
          callTimeout,
          this.#renew().then(() => true),
        );
        if (done === undefined) throw new Error(`no answer in ${callTimeout / 1000} s`);
        failures = 0;
      } catch (error) {
        failures += 1;
        delay = pauseAfter(failures, retry);
        if (failures === 1) log.warn('cannot renew the lease', { error: messageOf(error) });
      }
      await clock.sleep(delay, signal).catch(() => {});
    }
  }

  async #renew(): Promise<void> {
    const { client, clock, config } = this.#options;
    const ref = { namespace: 'kube-node-lease', name: config.nodeName };
    const renewTime = microTimestamp(clock.now());
    const owned = this.#known === undefined ? {} : { ownerReferences: [owner(this.#known)] };
    try {
      const metadata = this.#leaseIsOwned ? {} : owned;
      const lease = await client.patch(Lease, ref, { metadata, spec: { renewTime } }, { type: 'merge' });
      // The first beat may come before the Node is there, and others may write there.
      this.#leaseIsOwned = (lease.metadata.ownerReferences ?? []).length > 0;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await client.create(Lease, {
        metadata: { ...ref, ...owned },
        spec: { holderIdentity: config.nodeName, leaseDurationSeconds: leaseSeconds, renewTime },
      });
    }
  }
}

const owner = ({ metadata: { name, uid } }: Node): OwnerReference => ({ apiVersion: 'v1', kind: 'Node', name, uid });

export const nodeReference = (name: string): { kind: string; name: string; uid: string; apiVersion: string } => ({
  kind: 'Node',
  apiVersion: 'v1',
  name,
  // Upstream's node events carry the name here, and `describe node` looks for it.
  uid: name,
});

type Fields = Readonly<Record<string, unknown>>;

/** What of the status must be written; heartbeat times alone only when `overdue`. */
export function nodePatch(from: NodeStatus, to: NodeStatus, overdue: boolean): Fields | undefined {
  const before = comparable(from);
  const after = comparable(to);
  const changed = Object.keys({ ...before, ...after }).filter((key) => {
    // Who else writes there: the attach controller.
    if (key === 'volumesAttached' || key === 'config' || key === 'phase') return false;
    return JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  });
  if (changed.length === 0 && !overdue) return undefined;
  const full = to as Fields;
  const patch = Object.fromEntries(changed.map((key) => [key, full[key] ?? null]));
  for (const key of ['capacity', 'allocatable'] as const) {
    if (changed.includes(key)) patch[key] = { ...without(from[key]), ...to[key] };
  }
  // Merged by type, which two addresses of one type or one that is gone defeat.
  const types = (to.addresses ?? []).map((each) => each.type);
  const clash =
    new Set(types).size < types.length || from.addresses?.some((each) => !types.includes(each.type)) === true;
  if (changed.includes('addresses') && clash) patch['addresses'] = [...(to.addresses ?? []), { $patch: 'replace' }];
  return { ...patch, conditions: to.conditions };
}

/** A merge leaves what it does not name, so what goes is named. */
function without(amounts: Readonly<Record<string, string>> = {}): Readonly<Record<string, null>> {
  return Object.fromEntries(Object.keys(amounts).map((name) => [name, null]));
}

/** Without heartbeats, and with keys in one order. */
function comparable(status: NodeStatus): Record<string, unknown> {
  const conditions = (status.conditions ?? [])
    .map(({ type, status: value, reason, message }) => ({ type, value, reason, message }))
    .filter((each) => ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].includes(each.type));
  return sorted({ ...status, conditions }) as Record<string, unknown>;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
