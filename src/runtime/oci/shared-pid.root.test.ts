import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { allProcesses, identify, signalProcess } from './processes.ts';
import type { ProcessIdentity } from './records.ts';
import { startSharedInit } from './shared-pid.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-shared-pid-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Programs that name the sandbox's folder, by which an agent that comes back finds them. */
const thoseThatNameIt = (): readonly string[] =>
  allProcesses().flatMap(({ args }) => (args.includes(folder) ? [args[0] ?? ''] : []));

test('until the first process is recorded, its parent stands for it; then it lives on alone', async () => {
  const recorded: ProcessIdentity[] = [];
  await startSharedInit(folder, systemClock, (identity) => {
    expect(thoseThatNameIt()).toContain('unshare');
    recorded.push(identity);
  });
  const [first] = recorded;
  expect(first).toEqual(identify(first?.pid ?? 0));
  await expect.poll(thoseThatNameIt).toEqual([]);
  expect(first === undefined ? false : signalProcess(first, 'SIGKILL')).toBe(true);
});

test('one that cannot be recorded does not stay', async () => {
  const started: ProcessIdentity[] = [];
  const record = (identity: ProcessIdentity): never => {
    started.push(identity);
    throw new Error('no space left on device');
  };
  await expect(startSharedInit(folder, systemClock, record)).rejects.toThrow('no space left on device');
  expect(thoseThatNameIt()).toEqual([]);
  expect(started.map(({ pid }) => identify(pid))).toEqual([undefined]);
});
