/** hostUsers: false, where the kernel could and the runtime of Debian 12 cannot. */
import { describe, expect, test } from 'vitest';
import { guestBed, podOf } from './bed.ts';

describe('user namespaces', () => {
  const bed = guestBed('user-namespaces');

  test('a pod that asks for one is told that it cannot have it, and never runs without', async () => {
    await bed.apply(podOf('own-users', undefined, { spec: { hostUsers: false } }));
    expect(await bed.event('own-users', 'FailedCreatePodSandBox')).toBe(
      "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
    const phase = await bed.ok('get', 'pod', 'own-users', '-o', 'jsonpath={.status.phase}');
    expect(phase).toBe('Pending');
    await bed.delete('own-users');
  });
});
