/**
 * What `down` tells the agents besides SIGTERM: that containers are to end, too, and how long they get for it. A
 * file, since a signal says nothing; without it containers run on.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { readTextIfPresent } from '../../base/file.ts';
import type { Layout } from '../layout.ts';

/** Milliseconds for what comes after the last container. */
const margin = 2_000;

export function writeStopOrder(layout: Layout, graceSeconds: number): void {
  writeFileSync(layout.stopOrder, `${graceSeconds}`);
}

export function removeStopOrder(layout: Layout): void {
  rmSync(layout.stopOrder, { force: true });
}

/** Seconds for all containers of a node; undefined: they are to run on. */
export function graceOfStopOrder(layout: Layout): number | undefined {
  const text = readTextIfPresent(layout.stopOrder);
  return text === undefined ? undefined : Number(text);
}

/** Milliseconds by which a process may take longer to stop. */
export function patienceOf(graceSeconds: number | undefined): number {
  return graceSeconds === undefined ? 0 : graceSeconds * 1000 + margin;
}
