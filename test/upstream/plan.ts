/** Which tests go into one process of the suite, in which order. Pure. */

export interface Plan {
  /** Batches for any process, in any order. */
  readonly parallel: readonly (readonly string[])[];
  /** Batches that must have the cluster for themselves. */
  readonly serial: readonly (readonly string[])[];
}

/**
 * A process of the suite takes seconds to start, and a batch's last tests keep the others waiting: so a few tests
 * each, and fewer when there are few.
 */
const largestBatch = 6;

/** Tests with a word like [Serial] in their names change nodes or all namespaces, so others would see it. */
const needsTheCluster = /\[(?:Serial|Disruptive)\]/;

export function planOf(names: readonly string[], processes: number): Plan {
  const sorted = names.toSorted();
  const parallel = sorted.filter((name) => !needsTheCluster.test(name));
  const serial = sorted.filter((name) => needsTheCluster.test(name));
  const size = Math.max(1, Math.min(largestBatch, Math.ceil(parallel.length / processes)));
  return { parallel: batches(parallel, size), serial: batches(serial, largestBatch) };
}

function batches(names: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(names.length / size) }, (_, at) => names.slice(at * size, (at + 1) * size));
}

/** What the suite puts before each test's name when it compares it with the focus: its own, and the root's. */
const prefix = String.raw`Kubernetes e2e suite \[Top Level\]`;

/** A regular expression in Go's syntax for exactly these tests. */
export function focusOf(names: readonly string[]): string {
  const escaped = names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return `^${prefix} (?:${escaped.join('|')})$`;
}
