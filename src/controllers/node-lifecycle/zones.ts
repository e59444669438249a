/**
 * How bad things look in each zone, and how fast pods may be driven from its nodes: many nodes that fail at once
 * are rather a network that fails. Pure.
 */
import type { Node } from '../../api/core/node.ts';
import { readinessOf } from './plan.ts';

/** `partial`: most of its nodes are lost; `full`: all are. */
type State = 'normal' | 'partial' | 'full';

interface Zone {
  readonly state: State;
  readonly size: number;
}

export type Zones = ReadonlyMap<string, Zone>;

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

export function zonesOf(nodes: readonly Node[]): Zones {
  const counted = nodes.filter(({ metadata }) => metadata.labels?.[excluded] === undefined);
  const groups = Map.groupBy(counted, zoneOf);
  return new Map([...groups].map(([zone, members]) => [zone, { state: stateOf(members), size: members.length }]));
}

function stateOf(nodes: readonly Node[]): State {
  const lost = nodes.filter((node) => readinessOf(node) !== 'True').length;
  if (lost === nodes.length) return 'full';
  return lost >= partial.nodes && lost / nodes.length >= partial.share ? 'partial' : 'normal';
}

/** Then it is this side that is cut off, and nobody is driven from anywhere. */
export function allLost(zones: Zones): boolean {
  return zones.size > 0 && [...zones.values()].every(({ state }) => state === 'full');
}

/** Milliseconds between two nodes of the zone; Infinity when it is to be left alone. */
export function pauseIn(zones: Zones, zone: string): number {
  const { state, size } = zones.get(zone) ?? { state: 'normal', size: 0 };
  if (state !== 'partial') return pauses.usual;
  return size > small ? pauses.reduced : Infinity;
}
