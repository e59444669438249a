/** Which links there are, asked without a process. */
import { readFileSync } from 'node:fs';

/**
 * Names of the links in this process's network namespace. Not from /sys/class/net: that shows the namespace of whoever
 * mounted it, so a node in a namespace of its own would see the machine's links there.
 */
export function linkNames(): readonly string[] {
  const [, , ...rows] = readFileSync('/proc/self/net/dev', 'utf8').split('\n');
  return rows.flatMap((row) => /^\s*(\S+):/.exec(row)?.[1] ?? []);
}
