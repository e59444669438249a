/** A cluster whose containers Debian's containerd runs: what kubectl does with pods must not tell the difference. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  hasContainerd,
  importImages,
  startContainerd,
  type Containerd,
} from '../../src/runtime/cri/testing/containerd.ts';
import { makeTestDevice } from '../../src/runtime/testing/loop-device.ts';
import { clientProgram, kubectl, ok, run } from '../support/clients.ts';
import { eventually, testCluster, type TestCluster } from '../support/cluster.ts';
import { agentOf, killHard, readyAgain } from '../support/faults.ts';

describe.skipIf(!hasContainerd)('on containerd', () => {
  let cluster: TestCluster;
  let daemon: Containerd;
  let folder: string;
  let k: ReturnType<typeof kubectl>;
  const big = 20_000_000;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'test-containerd-'));
    mkdirSync('/etc/cni/net.d', { recursive: true });
    daemon = startContainerd(folder, '/etc/cni/net.d');
    await eventually('containerd listens', async () => existsSync(daemon.socket));
    cluster = testCluster('containerd');
    k = kubectl(cluster.kubeconfig);
    await ok(cluster.up('--container-runtime-endpoint', `unix://${daemon.socket}`));
    await importImages(folder, daemon.socket, 'docker.io/library/busybox:1');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'web',
            image: 'busybox:1',
            command: ['sh', '-c', 'mkdir /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www'],
          },
        ],
      },
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    await ok(
      run(clientProgram('kubectl'), ['apply', '-f', '-'], {
        env: { KUBECONFIG: cluster.kubeconfig },
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod, service] }),
      }),
    );
    await ok(k('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s'));
  });

  afterAll(async () => {
    try {
      await ok(k('delete', 'pods', '--all', '--now'));
      await cluster.destroy();
    } finally {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('its containers are named by the runtime that has them', async () => {
    const id = await ok(k('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0].containerID}'));
    expect(id).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
  });

  test.each(['true', 'false'])('exec -i ends with its input, and all output arrives (WebSockets: %s)', async (use) => {
    const env = { KUBECONFIG: cluster.kubeconfig, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: use };
    const input = 'coracle\n'.repeat(big / 8);
    const cat = await run(clientProgram('kubectl'), ['exec', '-i', 'web', '--', 'cat'], { env, input });
    expect([cat.code, cat.stdout.length, cat.stdout === input]).toEqual([0, big, true]);
    for (let turn = 0; turn < 5; turn += 1) {
      const yes = ['exec', 'web', '--', 'sh', '-c', `yes | head -c ${big}`];
      expect((await run(clientProgram('kubectl'), yes, { env })).stdout.length).toBe(big);
    }
  });

  test('a pod reaches itself through its Service', async () => {
    const address = await ok(k('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'));
    const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc ${address} 80`;
    const answer = await eventually(
      'an answer',
      async () => (await k('exec', 'web', '--', 'sh', '-c', ask)).stdout || undefined,
    );
    expect(answer).toMatch(/page\n$/);
  });

  test('a block device of the machine, for reading and writing and for reading only', async () => {
    const disk = makeTestDevice(join(folder, 'disk'), 'from outside');
    const node = await ok(k('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'));
    const storage = { storage: '1Mi' };
    const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'by-hand', volumeMode: 'Block' };
    const here = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] };
    const container = {
      image: 'busybox:1',
      command: ['sleep', '100000'],
      volumeDevices: [{ name: 'data', devicePath: '/dev/data' }],
    };
    const pod = (name: string, readOnly: boolean): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name, ...container }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'disk', readOnly } }],
      },
    });
    const items = [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'disk' },
        spec: {
          ...common,
          capacity: storage,
          local: { path: disk.path },
          nodeAffinity: { required: { nodeSelectorTerms: [here] } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'disk' },
        spec: { ...common, resources: { requests: storage } },
      },
      pod('writer', false),
      pod('reader', true),
    ];
    try {
      const env = { KUBECONFIG: cluster.kubeconfig };
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      await ok(run(clientProgram('kubectl'), ['apply', '-f', '-'], { env, input }));
      await ok(k('wait', '--for=condition=Ready', 'pod/writer', 'pod/reader', '--timeout=60s'));
      const shell = (name: string, command: string) => k('exec', name, '--', 'sh', '-c', command);
      expect(await ok(shell('writer', 'head -c 12 /dev/data; printf "from inside " > /dev/data; sync'))).toBe(
        'from outside',
      );
      expect(await ok(shell('reader', 'head -c 11 /dev/data'))).toBe('from inside');
      expect((await shell('reader', 'echo x > /dev/data')).stderr).toContain('Operation not permitted');
      await ok(k('delete', 'pods', 'writer', 'reader', '--now'));
    } finally {
      disk.remove();
    }
  });

  test('containers run on while the agent is dead, and while containerd is', async () => {
    const started = (): Promise<string> => ok(k('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0]}'));
    const before = await started();
    const agent = agentOf(cluster);
    await readyAgain(cluster, agent, killHard(cluster, agent));
    await daemon.stop();
    daemon = startContainerd(folder, '/etc/cni/net.d');
    await eventually(
      'exec works again',
      async () => (await k('exec', 'web', '--', 'echo', 'alive')).stdout === 'alive\n',
    );
    expect(await started()).toBe(before);
  });
});
