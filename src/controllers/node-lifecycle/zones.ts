/**
 * How bad things look in each zone, and how fast pods may be driven from its nodes: many nodes that fail at once
 * are rather a network that fails. Pure.
 */
import type { Node } from '../../api/core/node.ts';
import { readinessOf } from './plan.ts';

/** `partial`: most of its nodes are lost; `full`: all are. */
type State = 'normal' | 'partial' | 'full';

interface Zone {
  size: number;
  lost: number;
}

/** From this share of lost nodes on, and from so many, a zone is in partial disruption. */
const partial = { share: 0.55, nodes: 3 };
/** Zones of at most so many nodes are left alone while they are in partial disruption. */
const small = 50;
/** Milliseconds between two nodes of a zone from which pods are driven. */
const pauses = { usual: 10_000, reduced: 100_000 };
const excluded = 'node.kubernetes.io/exclude-disruption';

export function zoneOf({ metadata }: Node): string {
  const { labels } = metadata;
  return `${labels?.['topology.kubernetes.io/region'] ?? ''}/${labels?.['topology.kubernetes.io/zone'] ?? ''}`;
}

/** Counted node by node as they change: thousands may turn at once. */
export class Zones {
  readonly #zones = new Map<string, Zone>();

  /** Counts a node in (1) or, as it was, out (-1). */
  count(node: Node, by: 1 | -1): void {
    if (node.metadata.labels?.[excluded] !== undefined) return;
    const name = zoneOf(node);
    const zone = this.#zones.get(name) ?? { size: 0, lost: 0 };
    zone.size += by;
    if (readinessOf(node) !== 'True') zone.lost += by;
    if (zone.size === 0) this.#zones.delete(name);
    else this.#zones.set(name, zone);
  }

  /** Then it is this side that is cut off, and nobody is driven from anywhere. */
  get allLost(): boolean {
    return this.#zones.size > 0 && this.#zones.values().every((zone) => stateOf(zone) === 'full');
  }

  /** Milliseconds between two nodes of the zone; Infinity when it is to be left alone. */
  pauseIn(name: string): number {
    const zone = this.#zones.get(name);
    if (zone === undefined || stateOf(zone) !== 'partial') return pauses.usual;
    return zone.size > small ? pauses.reduced : Infinity;
  }

  /** Differs when what may be done about lost nodes does. */
  get picture(): string {
    const pausesOf = [...this.#zones.keys()].map((name) => `${name}=${this.pauseIn(name)}`);
    return `${this.allLost} ${pausesOf.join(' ')}`;
  }
}

function stateOf({ size, lost }: Zone): State {
  if (lost === size) return 'full';
  return lost >= partial.nodes && lost / size >= partial.share ? 'partial' : 'normal';
}
