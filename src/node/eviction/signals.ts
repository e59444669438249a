/** How scarce the node's resources are, against the thresholds that eviction defends. Pure. */
import type { DiskFacts } from '../machine/machine.ts';
import { bytesOf } from '../pod/resources.ts';

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
  readonly threshold: number;
  readonly available: number;
  /** Below a soft threshold only: pods are evicted when that has lasted, and get their time to end. */
  readonly soft: boolean;
  /** Bytes are told as quantities, counts as numbers. */
  readonly unit: 'bytes' | 'count';
}

interface Signal {
  readonly resource: Resource;
  readonly resourceName: string;
  readonly unit: Shortage['unit'];
  readonly available: (seen: Observation) => number;
  readonly capacity: (seen: Observation) => number;
}

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
    resourceName: 'inodes',
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
    resourceName: 'inodes',
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

/** What is below its threshold; memory first, since it hurts soonest, and what is below the hard one before the rest. */
export function shortages(
  thresholds: { readonly hard: Readonly<Record<string, string>>; readonly soft: Readonly<Record<string, string>> },
  seen: Observation,
): readonly Shortage[] {
  const found = [...below(thresholds.hard, seen, false), ...below(thresholds.soft, seen, true)];
  return found.sort((a, b) => Number(b.resource === 'memory') - Number(a.resource === 'memory'));
}

function below(thresholds: Readonly<Record<string, string>>, seen: Observation, soft: boolean): readonly Shortage[] {
  const found: Shortage[] = [];
  for (const [name, text] of Object.entries(thresholds)) {
    const signal = signals[name];
    if (signal === undefined) continue;
    const capacity = signal.capacity(seen);
    // File systems without inodes (btrfs) report none.
    if (capacity === 0) continue;
    const threshold = thresholdOf(text, capacity);
    const available = signal.available(seen);
    if (available >= threshold) continue;
    const { resource, resourceName, unit } = signal;
    found.push({ signal: name, resource, resourceName, threshold, available, unit, soft });
  }
  return found;
}

function thresholdOf(text: string, capacity: number): number {
  return text.endsWith('%') ? Math.floor((capacity * Number(text.slice(0, -1))) / 100) : bytesOf(text);
}
