/**
 * Asks nodes what they and their pods use, and answers the metrics API from it. Often while somebody looks,
 * seldom when nobody does. What a node told last counts until it is old; then it has no figures.
 */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { isSimulated } from '../../api/core/simulated-node.ts';
import type { NodeMetrics, PodMetrics } from '../../api/metrics/usage.ts';
import { timestamp } from '../../base/clock.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import type { Service } from '../../base/service.ts';
import type { Dependencies } from '../dependencies.ts';
import { parseSample, usageBetween, type Sample, type Usage } from './sample.ts';

/** Milliseconds. */
const pauses = { watched: 15_000, idle: 60_000 };
const attention = 180_000;
const oldest = 150_000;
const timeout = 10_000;
/** Nodes asked at the same time. */
const width = 10;

interface Pair {
  readonly before?: Sample;
  readonly last: Sample;
}

type Listed<T> = Omit<T, 'metadata'> & {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
  };
};

export class UsageSampler implements Service {
  readonly name = 'usage';
  readonly #deps: Dependencies;
  readonly #samples = new Map<string, Pair>();
  #lookedAt = -Infinity;
  #wake: (() => void) | undefined;

  constructor(deps: Dependencies) {
    this.#deps = deps;
    deps.informers.of(Node);
    deps.informers.of(Pod);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, informers } = this.#deps;
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake, { once: true });
    try {
      await informers.of(Node).whenSynced(signal);
      for (let round = 0; !signal.aborted; round += 1) {
        await this.#sampleAll(signal);
        const watched = round < 2 || clock.monotonic() - this.#lookedAt < attention;
        await this.#pause(watched ? pauses.watched : pauses.idle);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  nodes(): readonly Listed<NodeMetrics>[] {
    this.#look();
    return [...this.#fresh()].flatMap(([name, { before, last }]) => {
      const node = this.#deps.informers.of(Node).get({ name });
      const usage = usageBetween(before?.node, last.node);
      if (node === undefined || usage === undefined) return [];
      return [{ metadata: this.#metadata(node.metadata), ...timesOf(usage), usage: quantitiesOf(usage) }];
    });
  }

  pods(namespace: string): readonly Listed<PodMetrics>[] {
    this.#look();
    const found = new Map<string, { name: string; usage: Usage }[]>();
    for (const [, { before, last }] of this.#fresh()) {
      for (const [key, figures] of last.containers) {
        const [space = '', pod = '', container = ''] = key.split('/');
        const usage = usageBetween(before?.containers.get(key), figures);
        if (usage === undefined || (namespace !== '' && namespace !== space)) continue;
        const id = `${space}/${pod}`;
        found.set(id, [...(found.get(id) ?? []), { name: container, usage }]);
      }
    }
    return [...found].flatMap(([id, containers]) => this.#podMetrics(id, containers));
  }

  #podMetrics(id: string, containers: readonly { name: string; usage: Usage }[]): readonly Listed<PodMetrics>[] {
    const [namespace = '', name = ''] = id.split('/');
    const pod = this.#deps.informers.of(Pod).get({ namespace, name });
    const [first] = containers;
    if (pod === undefined || first === undefined) return [];
    const listed = containers.map((each) => ({ name: each.name, usage: quantitiesOf(each.usage) }));
    return [{ metadata: this.#metadata(pod.metadata), ...timesOf(first.usage), containers: listed }];
  }

  #metadata({ name, namespace, labels }: Pod['metadata']): Listed<PodMetrics>['metadata'] {
    return {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
      creationTimestamp: timestamp(this.#deps.clock.now()),
    };
  }

  /** Somebody looks: the next figures come sooner. */
  #look(): void {
    const now = this.#deps.clock.monotonic();
    const idle = now - this.#lookedAt >= attention;
    this.#lookedAt = now;
    if (idle) this.#wake?.();
  }

  *#fresh(): Generator<readonly [string, Pair]> {
    const now = this.#deps.clock.now();
    for (const [name, pair] of this.#samples) if (now - pair.last.node.at < oldest) yield [name, pair];
  }

  async #sampleAll(signal: AbortSignal): Promise<void> {
    const names = this.#deps.informers
      .of(Node)
      .list()
      .filter((node) => !isSimulated(node))
      .map(({ metadata }) => metadata.name);
    const present = new Set(names);
    for (const name of this.#samples.keys()) if (!present.has(name)) this.#samples.delete(name);
    for (let at = 0; at < names.length && !signal.aborted; at += width) {
      await Promise.all(names.slice(at, at + width).map((name) => this.#sample(name, signal)));
    }
  }

  async #sample(name: string, signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#deps;
    try {
      const path = `/api/v1/nodes/${encodeURIComponent(name)}/proxy/metrics/resource`;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      const { status, body } = await client.request({ method: 'GET', path, signal: limit });
      if (status !== 200) throw new Error(`GET ${path} answered ${status}`);
      const last = parseSample(new TextDecoder().decode(body), clock.now());
      const before = this.#samples.get(name)?.last;
      this.#samples.set(name, { last, ...(before !== undefined && { before }) });
    } catch (error) {
      if (isAbort(error) && signal.aborted) return;
      logger.debug('a node does not tell what it uses', { node: name, error: messageOf(error) });
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(milliseconds, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function timesOf({ at, window }: Usage): { readonly timestamp: string; readonly window: string } {
  return { timestamp: timestamp(at), window: `${(window / 1000).toFixed(3)}s` };
}

function quantitiesOf({ cores, memoryBytes }: Usage): Readonly<Record<string, string>> {
  return { cpu: `${Math.round(cores * 1e9)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}
