import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemMachine } from './machine.ts';

test('there can be as many processes as there are ids, or as there is memory for threads, whichever is fewer', async () => {
  const kernel = (name: string): number => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  const { most, running } = await systemMachine.processes();
  expect(most).toBe(Math.min(kernel('pid_max'), kernel('threads-max')));
  expect(running).toBeGreaterThan(0);
  expect(running).toBeLessThan(most);
});
