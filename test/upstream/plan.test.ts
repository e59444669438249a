import { expect, test } from 'vitest';
import { focusOf, planOf } from './plan.ts';

const names = (count: number, prefix = 'test'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${String(at).padStart(3, '0')}`);

test('every test is in exactly one batch, and those that need the cluster for themselves come last', () => {
  const serial = ['[a] Daemon set [Serial] x', '[b] Taints [Disruptive] y'];
  const { parallel, serial: last } = planOf([...serial, ...names(50)], 4);
  expect(parallel.flat()).toEqual(names(50));
  expect(last.flat()).toEqual(serial);
  expect(Math.max(...parallel.map((batch) => batch.length))).toBe(6);
});

test('few tests are dealt to all processes', () => {
  expect(planOf(names(4), 4).parallel).toHaveLength(4);
  expect(planOf(names(5), 2).parallel.map((batch) => batch.length)).toEqual([3, 2]);
  expect(planOf([], 2)).toEqual({ parallel: [], serial: [] });
});

test('a focus matches these tests and none whose name only begins or ends with theirs', () => {
  const exact = ['[k8s.io] should *not* run "a\\b" (1.5) [X]', '[k8s.io] should'];
  const focus = new RegExp(focusOf(exact));
  const matches = (name: string): boolean => focus.test(`Kubernetes e2e suite [Top Level] ${name}`);
  expect(exact.every(matches)).toBe(true);
  expect(matches('[k8s.io] should fail')).toBe(false);
  expect(matches('[sig-node] [k8s.io] should')).toBe(false);
  expect(matches('[k8s.io] should *not* run "a\\b" (1x5) [X]')).toBe(false);
});
