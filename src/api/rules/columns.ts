/** Cells that many kinds share, written as kubectl prints them. */
import { parseTimestamp } from '../../base/clock.ts';
import type { Column, KubernetesObject } from '../kind.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** One step of the ladder below: up to `below` milliseconds, print `unit`s and, where asked for, the rest in `rest`s. */
interface Step {
  readonly below: number;
  readonly unit: readonly [number, string];
  readonly rest?: readonly [number, string];
}

const ladder: readonly Step[] = [
  { below: 2 * minute, unit: [second, 's'] },
  { below: 10 * minute, unit: [minute, 'm'], rest: [second, 's'] },
  { below: 3 * hour, unit: [minute, 'm'] },
  { below: 8 * hour, unit: [hour, 'h'], rest: [minute, 'm'] },
  { below: 2 * day, unit: [hour, 'h'] },
  { below: 8 * day, unit: [day, 'd'], rest: [hour, 'h'] },
  { below: 2 * year, unit: [day, 'd'] },
  { below: 8 * year, unit: [year, 'y'], rest: [day, 'd'] },
];

/** A span of milliseconds in at most two units: `95s`, `5m30s`, `3h`, `2d4h`, `400d`. */
export function shortDuration(milliseconds: number): string {
  if (milliseconds <= -2 * second) return '<invalid>';
  if (milliseconds < 0) return '0s';
  const step = ladder.find(({ below }) => milliseconds < below) ?? { unit: [year, 'y'] as const, rest: undefined };
  const [size, name] = step.unit;
  const whole = `${Math.floor(milliseconds / size)}${name}`;
  if (step.rest === undefined) return whole;
  const rest = Math.floor((milliseconds % size) / step.rest[0]);
  return rest === 0 ? whole : `${whole}${rest}${step.rest[1]}`;
}

/** How long ago `time` (RFC 3339) was; `<unknown>` when there is none. */
export function since(time: string | null | undefined, now: number): string {
  if (time === undefined || time === null || time === '') return '<unknown>';
  return shortDuration(now - parseTimestamp(time));
}

export const nameColumn: Column<KubernetesObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  doc: 'Name of the object, unique within its kind and namespace.',
  value: (object) => object.metadata.name,
};

export const ageColumn: Column<KubernetesObject> = {
  name: 'Age',
  type: 'string',
  doc: 'Time since the object was created.',
  value: (object, now) => since(object.metadata.creationTimestamp, now),
};

/** The first `maximum` items, joined, and how many more there are: `a,b + 3 more...`; `none` when there are none. */
export function listWithMore(items: readonly string[], maximum: number, none = '<none>'): string {
  if (items.length === 0) return none;
  const shown = items.slice(0, maximum).join(',');
  return items.length > maximum ? `${shown} + ${items.length - maximum} more...` : shown;
}
