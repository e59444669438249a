import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { layoutOf, type Layout } from '../layout.ts';
import { settle } from './settle.ts';

const folder = mkdtempSync(join(tmpdir(), 'coracle-settings-'));
const layouts: readonly Layout[] = ['first', 'second', 'third'].map((name) =>
  layoutOf(`settings-test-${name}`, join(folder, name)),
);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const { runDir } of layouts) rmSync(runDir, { recursive: true, force: true });
});

// Two clusters once shared a bridge: both had settled before either had said so, and the first reset took it away.
test('clusters that are made at the same time, and not started yet, get slots of their own', async () => {
  const settled = await Promise.all(layouts.map((layout) => settle(layout, { port: 0 })));
  expect(new Set(settled.map(({ slot }) => slot)).size).toBe(3);
  expect(new Set(settled.map(({ podCidr }) => podCidr)).size).toBe(3);
});

test('a cluster that is stopped keeps its slot, wherever its data lies', async () => {
  const [first, second] = ['stopped', 'made-meanwhile'].map((name) =>
    layoutOf(`settings-test-${name}`, join(folder, name)),
  ) as [Layout, Layout];
  const { slot } = await settle(first, { port: 0 });
  rmSync(first.runDir, { recursive: true });
  expect((await settle(second, { port: 0 })).slot).not.toBe(slot);
  rmSync(second.runDir, { recursive: true });
  expect((await settle(first, { port: 0 })).slot).toBe(slot);
});
