/** Services over SCTP, whose sockets other kernels do not have. */
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/cluster.ts';
import { guestBed, patience, podOf } from './bed.ts';

/** The guest's own tools in a pod: busybox speaks no SCTP. */
const withTools = (name: string, script: string, labels: Readonly<Record<string, string>>): object =>
  podOf(name, `exec chroot /host sh -c '${script}'`, {
    labels,
    spec: { volumes: [{ name: 'host', hostPath: { path: '/' } }] },
    container: { volumeMounts: [{ name: 'host', mountPath: '/host' }] },
  });

describe('SCTP', () => {
  const bed = guestBed('sctp');

  beforeAll(async () => void (await bed.guest.ok('modprobe sctp')));

  test('a Service carries it to its pod: from the node, from a pod, by its node port', async () => {
    await bed.apply(
      withTools('echo', 'socat SCTP-LISTEN:9000,fork EXEC:cat', { app: 'echo' }),
      withTools('client', 'sleep 3600', {}),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'echo' },
        spec: {
          type: 'NodePort',
          selector: { app: 'echo' },
          ports: [{ protocol: 'SCTP', port: 7, targetPort: 9000, nodePort: 31_907 }],
        },
      },
    );
    await bed.phase('echo', 'Running');
    await bed.phase('client', 'Running');
    const address = await bed.ok('get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}');
    // SCTP closes both ways at once: the end of the input must not come before the answer.
    const ask = (target: string): string => `(echo hello; sleep 4) | timeout 10 socat - SCTP-CONNECT:${target}`;
    const answers = (what: string, run: () => Promise<string>): Promise<string> =>
      eventually(what, async () => (await run()).trim() === 'hello' && 'hello', patience);
    expect(await answers('an answer to the node', () => bed.guest.ok(ask(`${address}:7`)))).toBe('hello');
    const within = (target: string): Promise<string> =>
      bed.ok('exec', 'client', '--', 'chroot', '/host', 'sh', '-c', ask(target));
    expect(await answers('an answer to a pod', () => within(`${address}:7`))).toBe('hello');
    expect(await answers('an answer through the node port', () => bed.guest.ok(ask('10.0.2.15:31907')))).toBe('hello');
    await bed.ok('delete', 'pod', 'echo', '--grace-period=1', '--timeout=110s');
    // Nobody answers when the pod is gone. (SCTP pays no heed to the message by which the rules refuse it.)
    const alone = await bed.guest.run(ask(`${address}:7`));
    expect([alone.code === 0, alone.stdout]).toEqual([false, '']);
  });
});
