/**
 * One scheduling decision: a pure function from the cluster and a pod to a node, with everything that led
 * to it. `coracle why pod/NAME` prints this very object.
 */
import type { Pod } from '../api/core/pod.ts';
import type { Plugin, Prepared, Rejection, World } from './plugin.ts';
import { defaultPlugins } from './profile.ts';
import type { NodeView } from './snapshot.ts';

export interface NodeRejection extends Rejection {
  readonly plugin: string;
}

export interface NodeScore {
  readonly total: number;
  /** Weighted, by plugin. */
  readonly byPlugin: Readonly<Record<string, number>>;
}

export interface Decision {
  /** The chosen node; absent when none will do. */
  readonly node?: string;
  readonly rejected: ReadonlyMap<string, NodeRejection>;
  /** Why the pod can go nowhere, whatever the nodes: said once instead of for each. */
  readonly everywhere?: readonly string[];
  readonly scores: ReadonlyMap<string, NodeScore>;
  /** Names of the plugins that rejected anything: what has to change before the pod is tried again. */
  readonly rejectedBy: ReadonlySet<string>;
  /** Nodes that were looked at; the rest was not needed to find enough candidates. */
  readonly evaluated: number;
}

export interface DecideOptions {
  readonly plugins?: readonly Plugin[];
  /** Where to begin looking: moves on from decision to decision, so that all nodes get their turn. */
  readonly offset?: number;
  /** Picks among equally good nodes; in [0, 1). */
  readonly tieBreak?: number;
  /** How many of the nodes are candidates enough; 0: a hundred of them at the most. */
  readonly percentageOfNodes?: number;
  /** Where room was made for the pod: taken, if it will do, without a look at others. */
  readonly nominated?: string;
}

/**
 * How many candidates are enough to choose from: a percentage of the nodes, a hundred at least. Upstream takes a share of large clusters (500 of 5,000 nodes); a
 * hundred do, since looking begins elsewhere each time and so comes by the best in turn.
 */
export function enoughCandidates(nodes: number, percentage = 0): number {
  return Math.min(nodes, Math.max(100, Math.floor((nodes * percentage) / 100)));
}

interface PreparedPlugin extends Prepared {
  readonly plugin: Plugin;
}

export function decide(pod: Pod, world: World, options: DecideOptions = {}): Decision {
  const { plugins = defaultPlugins, nominated } = options;
  const prepared: PreparedPlugin[] = [];
  for (const plugin of plugins) {
    const each = { plugin, ...plugin.prepare(pod, world) };
    if (each.rejectsAll !== undefined) return rejectEverywhere(world, plugin, each.rejectsAll);
    prepared.push(each);
  }
  const waiting = nominated === undefined ? undefined : world.node(nominated);
  if (waiting !== undefined && firstRejection(prepared, waiting) === undefined) {
    return { node: waiting.name, rejected: new Map(), scores: new Map(), rejectedBy: new Set(), evaluated: 1 };
  }
  return choose(prepared, world, options);
}

function choose(prepared: readonly PreparedPlugin[], world: World, options: DecideOptions): Decision {
  const { offset = 0, tieBreak = 0, percentageOfNodes } = options;
  const pinning = prepared.filter(({ only }) => only !== undefined);
  const nodes = pinned(world, pinning);
  const { candidates, rejected, evaluated } = filter(
    prepared,
    nodes,
    offset,
    enoughCandidates(nodes.length, percentageOfNodes),
  );
  if (candidates.length === 0) rejectOthers(rejected, world, pinning);
  const rejectedBy = new Set([...rejected.values()].map(({ plugin }) => plugin));
  if (candidates.length === 0) return { rejected, scores: new Map(), rejectedBy, evaluated };
  const table = candidates.length === 1 ? noScores : score(prepared, candidates);
  const node = candidates.length === 1 ? candidates[0]?.name : best(table, tieBreak);
  return {
    ...(node === undefined ? {} : { node }),
    rejected,
    get scores() {
      return byNode(table);
    },
    rejectedBy,
    evaluated,
  };
}

/** The nodes that are looked at: those that all pinning plugins name, or all. */
function pinned(world: World, pinning: readonly PreparedPlugin[]): readonly NodeView[] {
  const [first, ...others] = pinning;
  if (first?.only === undefined) return world.nodes;
  return [...first.only]
    .filter((name) => others.every(({ only }) => only?.has(name)))
    .flatMap((name) => {
      const view = world.node(name);
      return view === undefined || !view.amounts.isKnown ? [] : [view];
    });
}

/** The nodes that were not looked at say so, in upstream's words. */
function rejectOthers(
  rejected: Map<string, NodeRejection>,
  { nodes }: World,
  pinning: readonly PreparedPlugin[],
): void {
  const names = pinning.map(({ plugin }) => plugin.name).toSorted();
  const [plugin] = names;
  if (plugin === undefined) return;
  const reasons = [`node(s) didn't satisfy plugin(s) [${names.join(' ')}]`];
  for (const { name } of nodes) {
    if (!rejected.has(name)) rejected.set(name, { reasons, unresolvable: true, plugin });
  }
}

/** Scores as they are computed: by plugin, in the order of the candidates. Small, since decisions are remembered. */
interface ScoreTable {
  readonly names: readonly string[];
  readonly totals: readonly number[];
  readonly columns: readonly { readonly plugin: string; readonly scores: readonly number[] }[];
}

const noScores: ScoreTable = { names: [], totals: [], columns: [] };

function byNode({ names, totals, columns }: ScoreTable): ReadonlyMap<string, NodeScore> {
  return new Map(
    names.map((name, at) => {
      const byPlugin = Object.fromEntries(columns.map(({ plugin, scores }) => [plugin, scores[at] ?? 0]));
      return [name, { total: totals[at] ?? 0, byPlugin }];
    }),
  );
}

/** The same answer from every node. */
function rejectEverywhere({ nodes }: World, plugin: Plugin, rejection: Rejection): Decision {
  const rejected = new Map(nodes.map(({ name }) => [name, { ...rejection, plugin: plugin.name }]));
  const everywhere = rejection.reasons;
  return { rejected, everywhere, scores: new Map(), rejectedBy: new Set([plugin.name]), evaluated: nodes.length };
}

function filter(
  prepared: readonly PreparedPlugin[],
  nodes: readonly NodeView[],
  offset: number,
  enough: number,
): {
  readonly candidates: readonly NodeView[];
  readonly rejected: Map<string, NodeRejection>;
  readonly evaluated: number;
} {
  const filters = prepared.filter((each) => each.filter !== undefined);
  const candidates: NodeView[] = [];
  const rejected = new Map<string, NodeRejection>();
  let evaluated = 0;
  for (; evaluated < nodes.length && candidates.length < enough; evaluated += 1) {
    const view = nodes[(offset + evaluated) % nodes.length];
    if (view === undefined) break;
    const rejection = firstRejection(filters, view);
    if (rejection === undefined) candidates.push(view);
    else rejected.set(view.name, rejection);
  }
  return { candidates, rejected, evaluated };
}

function firstRejection(filters: readonly PreparedPlugin[], view: NodeView): NodeRejection | undefined {
  for (const { plugin, filter: judge } of filters) {
    const rejection = judge?.(view);
    if (rejection !== undefined) return { ...rejection, plugin: plugin.name };
  }
  return undefined;
}

/** Why the pod could not run on this one node, or undefined if it could; for preemption. */
export function rejectionOn(
  pod: Pod,
  view: NodeView,
  world: World,
  plugins: readonly Plugin[] = defaultPlugins,
): Rejection | undefined {
  for (const plugin of plugins) {
    const { rejectsAll, filter: judge } = plugin.prepare(pod, world);
    const rejection = rejectsAll ?? judge?.(view);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function score(prepared: readonly PreparedPlugin[], candidates: readonly NodeView[]): ScoreTable {
  const totals = candidates.map(() => 0);
  const columns: { plugin: string; scores: readonly number[] }[] = [];
  for (const { plugin, scoring, ...whole } of prepared) {
    if (plugin.weight === 0) continue;
    const { score: judge, normalize } = scoring?.(candidates) ?? whole;
    if (judge === undefined) continue;
    const raw = candidates.map(judge);
    const scores = (normalize === undefined ? raw : normalize(raw)).map((each) => each * plugin.weight);
    for (let at = 0; at < totals.length; at += 1) totals[at] = (totals[at] ?? 0) + (scores[at] ?? 0);
    columns.push({ plugin: plugin.name, scores });
  }
  return { names: candidates.map(({ name }) => name), totals, columns };
}

function best({ names, totals }: ScoreTable, tieBreak: number): string | undefined {
  let highest = Number.NEGATIVE_INFINITY;
  let equals: string[] = [];
  for (const [at, total] of totals.entries()) {
    if (total < highest) continue;
    if (total > highest) equals = [];
    highest = total;
    equals.push(names[at] ?? '');
  }
  return equals[Math.floor(tieBreak * equals.length)];
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).` */
export function explain(
  { rejected, everywhere }: Pick<Decision, 'rejected' | 'everywhere'>,
  nodeCount: number,
): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const reasons = everywhere?.join(', ') ?? countReasons([...rejected.values()].flatMap((each) => each.reasons));
  return `0/${nodeCount} nodes are available: ${reasons}.`;
}

/** `1 Insufficient cpu, 2 node(s) had untolerated taint(s)`. */
export function countReasons(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(', ');
}
