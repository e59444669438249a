/** Pods on a machine that has cgroup v2 alone. */
import { describe, expect, test } from 'vitest';
import { guestBed, podOf } from './bed.ts';

describe('cgroup v2', () => {
  const bed = guestBed('cgroup-two');

  test('limits and requests are what the group says', async () => {
    const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
    await bed.apply(podOf('limited', undefined, { container: { resources } }));
    await bed.phase('limited', 'Running');
    const files = 'cpu.max cpu.weight memory.max memory.swap.max memory.oom.group pids.max';
    const found = await bed.exec('limited', `cd /sys/fs/cgroup && for f in ${files}; do echo $f $(cat $f); done`);
    expect(Object.fromEntries(found.split('\n').map((line) => line.split(/ (.*)/s).slice(0, 2)))).toMatchObject({
      'cpu.max': '50000 100000',
      'memory.max': `${64 * 1024 * 1024}`,
      'memory.oom.group': '1',
    });
  });
});
