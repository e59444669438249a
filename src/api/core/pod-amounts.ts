/**
 * What a pod asks for as a whole, exactly: containers and sidecars together or its largest init container,
 * unless the pod itself says; with what its runtime costs on top. Pure.
 */
import { addQuantity, compareQuantity, parseQuantity, type Quantity } from '../../schema/quantity.ts';
import type { Loose } from '../rules/loose.ts';
import type { PodSpec } from './pod-spec.ts';

export type Amounts = Readonly<Record<string, Quantity>>;

type Texts = Readonly<Record<string, string | undefined>> | undefined;
type Part = 'requests' | 'limits';
type Sums = Record<string, Quantity>;

export function podAmounts(spec: Loose<PodSpec>, part: Part, overhead: boolean): Amounts {
  const sums: Sums = {};
  for (const { resources } of spec.containers ?? []) addAll(sums, parse(resources?.[part]));
  raiseAll(sums, initAmounts(spec, part, sums));
  // What is said for the whole pod holds.
  Object.assign(sums, parse(spec.resources?.[part]));
  if (overhead) addOverhead(sums, parse(spec.overhead), part);
  return sums;
}

/** The peak of the init containers. Sidecars run on: they are added to `running` too. */
function initAmounts(spec: Loose<PodSpec>, part: Part, running: Sums): Amounts {
  const sidecars: Sums = {};
  const peak: Sums = {};
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const own = parse(resources?.[part]);
    const now: Sums = { ...sidecars };
    addAll(now, own);
    raiseAll(peak, now);
    if (restartPolicy !== 'Always') continue;
    addAll(sidecars, own);
    addAll(running, own);
  }
  return peak;
}

/** A resource without a limit stays without one. */
function addOverhead(sums: Sums, overhead: Amounts, part: Part): void {
  for (const [name, amount] of Object.entries(overhead)) {
    const present = sums[name];
    if (present !== undefined) sums[name] = addQuantity(present, amount);
    else if (part === 'requests') sums[name] = amount;
  }
}

export function parse(texts: Texts): Amounts {
  const entries = Object.entries(texts ?? {}).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, parseQuantity(text)] as const],
  );
  return Object.fromEntries(entries);
}

function addAll(sums: Sums, more: Amounts): void {
  for (const [name, amount] of Object.entries(more)) {
    const present = sums[name];
    sums[name] = present === undefined ? amount : addQuantity(present, amount);
  }
}

function raiseAll(sums: Sums, other: Amounts): void {
  for (const [name, amount] of Object.entries(other)) {
    const present = sums[name];
    if (present === undefined || compareQuantity(amount, present) > 0) sums[name] = amount;
  }
}
