/** AppArmor profiles of pods, on a kernel that enforces them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/cluster.ts';
import { guestBed, patience, podOf } from './bed.ts';

const annotation = 'container.apparmor.security.beta.kubernetes.io/main';
const profile = (type: string, localhostProfile?: string): object => ({
  securityContext: { appArmorProfile: { type, ...(localhostProfile === undefined ? {} : { localhostProfile }) } },
});

describe('AppArmor', () => {
  const bed = guestBed('apparmor');
  const confinement = (pod: string): Promise<string> => bed.exec(pod, 'cat /proc/1/attr/current');

  beforeAll(async () => {
    const text =
      'profile deny-write flags=(attach_disconnected) { file, deny /tmp/** w, signal, network, capability, }';
    await bed.guest.ok(`apparmor_parser --replace --skip-cache <<'END'\n${text}\nEND`);
  });

  test('who says nothing, and who asks for it, has the default profile, which keeps /proc and mounts from it', async () => {
    await bed.apply(podOf('silent'), podOf('default', undefined, { container: profile('RuntimeDefault') }));
    for (const name of ['silent', 'default']) {
      await bed.phase(name, 'Running');
      expect(await confinement(name)).toBe('coracle-default (enforce)');
    }
    expect(await bed.exec('silent', 'echo ok > /tmp/x && cat /tmp/x')).toBe('ok');
    const refused = await bed.exec(
      'silent',
      'mkdir -p /tmp/m; mount -t tmpfs none /tmp/m 2>&1; cat /proc/kcore 2>&1 | head -c 1; true',
    );
    expect(refused).toMatch(/mount.*[Pp]ermission denied/);
  });

  test('Unconfined and privileged containers have none', async () => {
    await bed.apply(
      podOf('unconfined', undefined, { container: profile('Unconfined') }),
      podOf('privileged', undefined, { container: { securityContext: { privileged: true } } }),
    );
    for (const name of ['unconfined', 'privileged']) {
      await bed.phase(name, 'Running');
      expect(await confinement(name)).toBe('unconfined');
    }
  });

  test("a profile of one's own, by field and by annotation, which the other form then shows", async () => {
    await bed.apply(
      podOf('field', undefined, { container: profile('Localhost', 'deny-write') }),
      podOf('annotated', undefined, { annotations: { [annotation]: 'localhost/deny-write' } }),
    );
    for (const name of ['field', 'annotated']) {
      await bed.phase(name, 'Running');
      expect(await confinement(name)).toBe('deny-write (enforce)');
      expect(await bed.exec(name, 'echo x > /tmp/x; echo $?')).toMatch(/^1$/m);
    }
    const found = await bed.get<{ spec: { containers: object[] } }>('pod', 'annotated');
    expect(found.spec.containers[0]).toMatchObject(profile('Localhost', 'deny-write'));
    expect(await bed.ok('get', 'pod', 'field', '-o', 'jsonpath={.metadata.annotations}')).toContain(
      'localhost/deny-write',
    );
  });

  test('a profile that is not loaded keeps the container from being created, until it is', async () => {
    await bed.apply(podOf('missing', undefined, { container: profile('Localhost', 'not-there') }));
    const words =
      'failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found not-there';
    expect(await bed.event('missing', 'Failed')).toBe(
      `spec.containers{main}: Error: ${words}`.replace(/^spec\S+: /, ''),
    );
    const waiting = '{.status.containerStatuses[0].state.waiting}';
    const state = await eventually(
      'waiting state',
      async () => {
        const found = await bed.ok('get', 'pod', 'missing', '-o', `jsonpath=${waiting}`);
        return found.includes('CreateContainerError') && found;
      },
      patience,
    );
    expect(JSON.parse(state)).toEqual({ reason: 'CreateContainerError', message: words });
    await bed.guest.ok(
      `echo 'profile not-there flags=(attach_disconnected) { file, signal, }' | apparmor_parser --replace --skip-cache`,
    );
    await bed.phase('missing', 'Running');
    expect(await confinement('missing')).toBe('not-there (enforce)');
  });
});
