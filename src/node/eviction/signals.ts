/** How scarce the node's resources are, against the thresholds that eviction defends. Pure. */
import type { DiskFacts } from '../machine/machine.ts';
import { bytesOf } from '../pod/resources.ts';
import { canonicalQuantity, formatQuantity, quantityOf } from '../../schema/quantity.ts';

export interface Observation {
  readonly memoryAvailable: number;
  readonly memoryCapacity: number;
  readonly nodeDisk: DiskFacts;
  readonly imageDisk: DiskFacts;
  readonly processes: { readonly most: number; readonly running: number };
}

export type Resource = 'memory' | 'disk' | 'pid';

export interface Shortage {
  readonly signal: string;
  readonly resource: Resource;
  /** As upstream's messages name it. */
  readonly resourceName: string;
  /** Quantities as upstream writes them. */
  readonly threshold: string;
  readonly available: string;
  /** Below a soft threshold only: pods are evicted when that has lasted, and get their time to end. */
  readonly soft: boolean;
}

/** By signal: quantities, or shares of what there is, as `10%`. */
type Thresholds = Readonly<Record<string, string>>;

export interface EvictionThresholds {
  readonly hard: Thresholds;
  readonly soft: Thresholds;
  /** How far above its threshold a signal has to come before it counts as over, once it was passed. */
  readonly reclaim: Thresholds;
}

interface Signal {
  readonly resource: Resource;
  readonly resourceName: string;
  readonly unit: 'bytes' | 'count';
  readonly available: (seen: Observation) => number;
  readonly capacity: (seen: Observation) => number;
}

/** As upstream's messages name them. */
export const inodes = 'inodes';

const signals: Readonly<Record<string, Signal>> = {
  'memory.available': {
    resource: 'memory',
    resourceName: 'memory',
    unit: 'bytes',
    available: (seen) => seen.memoryAvailable,
    capacity: (seen) => seen.memoryCapacity,
  },
  'nodefs.available': {
    resource: 'disk',
    resourceName: 'ephemeral-storage',
    unit: 'bytes',
    available: (seen) => seen.nodeDisk.availableBytes,
    capacity: (seen) => seen.nodeDisk.capacityBytes,
  },
  'nodefs.inodesFree': {
    resource: 'disk',
    resourceName: inodes,
    unit: 'count',
    available: (seen) => seen.nodeDisk.inodesFree,
    capacity: (seen) => seen.nodeDisk.inodes,
  },
  'imagefs.available': {
    resource: 'disk',
    resourceName: 'ephemeral-storage',
    unit: 'bytes',
    available: (seen) => seen.imageDisk.availableBytes,
    capacity: (seen) => seen.imageDisk.capacityBytes,
  },
  'imagefs.inodesFree': {
    resource: 'disk',
    resourceName: inodes,
    unit: 'count',
    available: (seen) => seen.imageDisk.inodesFree,
    capacity: (seen) => seen.imageDisk.inodes,
  },
  'pid.available': {
    resource: 'pid',
    resourceName: 'pids',
    unit: 'count',
    available: (seen) => seen.processes.most - seen.processes.running,
    capacity: (seen) => seen.processes.most,
  },
};

export const knownSignals: readonly string[] = Object.keys(signals);

export const thresholdKey = ({ signal, soft }: Pick<Shortage, 'signal' | 'soft'>): string =>
  `${soft ? 'soft' : 'hard'}/${signal}`;

/**
 * What is below its threshold; memory first, since it hurts soonest, and what is below the hard one before the rest.
 * `passed`: for which of them (by `thresholdKey`) enough has to be had again, not just as much as the threshold.
 */
export function shortages(
  { hard, soft, reclaim }: EvictionThresholds,
  seen: Observation,
  passed: (key: string) => boolean,
): readonly Shortage[] {
  const least = (signal: string, isSoft: boolean): string =>
    passed(thresholdKey({ signal, soft: isSoft })) ? (reclaim[signal] ?? '0') : '0';
  const found = [
    ...below(hard, seen, false, (signal) => least(signal, false)),
    ...below(soft, seen, true, (signal) => least(signal, true)),
  ];
  return found.sort((a, b) => Number(b.resource === 'memory') - Number(a.resource === 'memory'));
}

function below(
  thresholds: Thresholds,
  seen: Observation,
  soft: boolean,
  reclaim: (signal: string) => string,
): readonly Shortage[] {
  const found: Shortage[] = [];
  for (const [name, text] of Object.entries(thresholds)) {
    const signal = signals[name];
    if (signal === undefined || isNone(text)) continue;
    const capacity = signal.capacity(seen);
    // File systems without inodes (btrfs) report none.
    if (capacity === 0) continue;
    const threshold = amountOf(text, capacity);
    const available = signal.available(seen);
    if (available >= threshold + amountOf(reclaim(name), capacity)) continue;
    const { resource, resourceName, unit } = signal;
    found.push({
      signal: name,
      resource,
      resourceName,
      threshold: text.endsWith('%') ? formatQuantity(quantityOf(threshold, 'BinarySI')) : canonicalQuantity(text),
      available: formatQuantity(quantityOf(available, unit === 'bytes' ? 'BinarySI' : 'DecimalSI')),
      soft,
    });
  }
  return found;
}

/** By which a signal is not looked at. */
const isNone = (threshold: string): boolean => threshold === '0%' || threshold === '100%';

function amountOf(text: string, capacity: number): number {
  return text.endsWith('%') ? Math.floor((capacity * Number(text.slice(0, -1))) / 100) : bytesOf(text);
}
