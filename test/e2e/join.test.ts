/**
 * A machine joins another's cluster, as with kubeadm: two machines that share nothing but a link, each with its own
 * network, mounts, /run and data directory.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/base/random.ts';
import { expiryOf, issueCertificate, type KeyPair } from '../../src/pki/certificate.ts';
import { ok, type RunResult } from '../support/clients.ts';
import { eventually } from '../support/cluster.ts';
import { twoMachines, type Machine, type Machines } from '../support/machines.ts';

let machines: Machines;
let server: Machine;
let worker: Machine;
const [first, second] = ['joined-1', 'worker'];

const k = (...args: readonly string[]): Promise<RunResult> => server.kubectl(...args);
const field = async (path: string, ...what: readonly string[]): Promise<string> =>
  (await ok(k('get', ...what, '-o', `jsonpath={${path}}`))).trim();

interface NewToken {
  readonly token: string;
  readonly hash: string;
  readonly address: string;
  readonly command: string;
}
const newToken = async (...flags: readonly string[]): Promise<NewToken> =>
  JSON.parse(await ok(server.coracle('token', 'create', '--json', ...flags))) as NewToken;
const joinWith = ({ address, token, hash }: NewToken, ...flags: readonly string[]): Promise<RunResult> =>
  worker.coracle('join', address, '--token', token, '--ca-hash', hash, ...flags);

const manifests = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: busybox
        command: [sh, -c]
        args: ["mkdir -p /www; echo $NODE > /www/index.html; echo serving; exec httpd -f -p 8080 -h /www"]
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  nodeSelector: {kubernetes.io/hostname: worker}
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "echo kept > /data/file; sleep 9999"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`;

/** A request from within a pod; '' when it is not answered. */
async function fetchFrom(pod: string, host: string, port: number): Promise<string> {
  const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc ${host} ${port} | tail -1`;
  return (await k('exec', pod, '--', 'sh', '-c', script)).stdout.trim();
}

interface WebPod {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}
async function webPods(): Promise<readonly WebPod[]> {
  const { items } = JSON.parse(await ok(k('get', 'pods', '-l', 'app=web', '-o', 'json'))) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
  };
  return items.map(({ metadata, spec, status }) => ({ name: metadata.name, node: spec.nodeName, ip: status.podIP }));
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

beforeAll(async () => {
  machines = await twoMachines('joined');
  [server, worker] = machines.both;
  await ok(server.coracle('up', '--port', '6443', '--advertise-address', server.address));
});
afterAll(() => machines.close());

describe('before it has joined', () => {
  const refused = async (result: Promise<RunResult>, sentence: string): Promise<void> => {
    const { code, stderr } = await result;
    expect(stderr).toContain(sentence);
    expect(code).not.toBe(0);
    expect(existsSync(worker.dataDir), 'nothing is left behind').toBe(false);
    expect(await field('.items[*].metadata.name', 'nodes')).toBe(first);
  };

  test('each thing that is wrong is named, and leaves nothing behind', async () => {
    const good = await newToken();
    await refused(worker.coracle('join'), 'has not joined a cluster yet');
    await refused(joinWith({ ...good, token: 'aaaaaa.0123456789abcdef' }), 'the cluster knows no token aaaaaa');
    const [id = ''] = good.token.split('.');
    await refused(joinWith({ ...good, token: `${id}.0123456789abcdef` }), `the second half of token ${id} is wrong`);
    await refused(
      joinWith({ ...good, hash: `sha256:${'0'.repeat(64)}` }),
      `its hash is ${good.hash}, not sha256:${'0'.repeat(64)}`,
    );
    await refused(joinWith({ ...good, address: '192.0.2.1:1' }), 'nothing listens at 192.0.2.1:1');
    await refused(joinWith({ ...good, address: '192.0.2.9' }), 'cannot reach 192.0.2.9:6443');
    await refused(joinWith(good, '--node-name', first), `the cluster has a node ${first} already`);
    await refused(joinWith(good, '--node-name', 'No_Name'), 'cannot be a node');
    await refused(joinWith(good, '--node-address', '192.0.2.9'), 'is no address of this machine');
    expect(await field('.items[*].metadata.name', 'csr')).toBe('');
  });

  test('a token ends when it should, or when it is deleted', async () => {
    const deleted = await newToken('--description', 'a mistake');
    const list = await ok(server.coracle('token', 'list'));
    expect(list).toContain('a mistake');
    expect(list).toContain(deleted.token);
    await ok(server.coracle('token', 'delete', deleted.token));
    await refused(joinWith(deleted), 'the cluster knows no token');
    const short = await newToken('--ttl', '1s');
    await eventually(
      'the token to end',
      async () => !(await ok(server.coracle('token', 'list'))).includes(short.token),
    );
    await refused(joinWith(short), 'the cluster knows no token');
    expect(await ok(server.coracle('token', 'list'))).not.toContain('a mistake');
  });

  test('anonymous users read cluster-info, and nothing beside it', async () => {
    const get = async (path: string): Promise<number> => {
      const url = `https://${server.address}:6443${path}`;
      const { stdout } = await worker.run('curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', url);
      return Number(stdout);
    };
    expect(await get('/api/v1/namespaces/kube-public/configmaps/cluster-info')).toBe(200);
    expect(await get('/api/v1/namespaces/kube-public/configmaps')).toBe(403);
    expect(await get('/api/v1/namespaces/kube-system/configmaps/coracle-node-config')).toBe(403);
    expect(await get('/api/v1/namespaces/kube-system/secrets')).toBe(403);
  });
});

describe('a machine that has joined', () => {
  beforeAll(async () => {
    const { command } = await newToken();
    const [, ...args] = command.split(' ');
    await ok(worker.coracle(...args, '--node-name', second));
    const path = join(server.folder, 'all.yaml');
    writeFileSync(path, manifests);
    await ok(k('apply', '-f', path));
    await ok(k('rollout', 'status', 'ds/web', '--timeout=60s'));
    await ok(k('wait', '--for=condition=Ready', 'pod/writer', '--timeout=60s'));
  });

  test('is a node with an address, a range of pod addresses and system pods of its own', async () => {
    await ok(k('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=20s'));
    expect(await field('.status.addresses[?(@.type=="InternalIP")].address', 'node', second)).toBe(worker.address);
    expect(await field('.spec.podCIDR', 'node', second)).not.toBe(await field('.spec.podCIDR', 'node', first));
    await ok(
      k('rollout', 'status', '-n', 'kube-system', 'ds/kube-proxy', 'ds/local-path-provisioner', '--timeout=20s'),
    );
    const rows = JSON.parse(await ok(server.coracle('node', 'ls', '--json'))) as { name: string; place: string }[];
    expect(rows.map(({ name, place }) => [name, place])).toEqual([
      [first, 'machine'],
      [second, 'joined'],
    ]);
    for (const args of [
      ['node', 'add'],
      ['up', '--nodes', '2'],
    ]) {
      const { code, stderr } = await server.coracle(...args);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${second} joined from other machines`)]);
    }
  });

  test('holds certificates of its own and none of the keys of the cluster', () => {
    const pki = join(worker.dataDir, 'pki');
    expect(readdirSync(pki).sort()).toEqual(['ca.crt', `kubelet-${second}.pem`, `node-${second}.pem`]);
    const keysOf = (folder: string): readonly string[] =>
      filesBelow(folder).flatMap((file) => readFileSync(file, 'latin1').match(/BEGIN PRIVATE KEY-----\n.+/g) ?? []);
    const [theirs, ours] = [keysOf(join(server.dataDir, 'pki')), keysOf(pki)];
    expect(theirs.length).toBeGreaterThan(5);
    expect(ours).toHaveLength(2);
    expect(theirs.filter((key) => ours.includes(key))).toEqual([]);
  });

  test('its pods and those of the server reach each other by address, Service and DNS name', async () => {
    const pods = await webPods();
    expect(pods.map(({ node }) => node).sort()).toEqual([first, second]);
    const clusterIp = await field('.spec.clusterIP', 'service', 'web');
    for (const from of pods) {
      for (const to of pods) expect(await fetchFrom(from.name, to.ip, 8080)).toBe(to.node);
      for (const host of [clusterIp, 'web', 'web.default.svc.cluster.local']) {
        const seen = new Set<string>();
        await eventually(`${from.node} to reach both pods through ${host}`, async () => {
          seen.add(await fetchFrom(from.name, host, 80));
          return seen.has(first) && seen.has(second);
        });
      }
    }
  });

  test('kubectl reads logs and runs commands there: its serving certificate is of the cluster', async () => {
    const pod = (await webPods()).find(({ node }) => node === second)?.name ?? '';
    expect(await ok(k('logs', pod))).toBe('serving\n');
    expect((await ok(k('exec', pod, '--', 'sh', '-c', 'echo $NODE'))).trim()).toBe(second);
    expect(await ok(k('get', '--raw', `/api/v1/nodes/${second}/proxy/healthz`))).toBe('ok');
  });

  test('makes volumes on its own disk', async () => {
    const volume = await field('.spec.volumeName', 'pvc', 'data');
    const path = await field('.spec.hostPath.path', 'pv', volume);
    const [file = ''] = filesBelow(join(worker.dataDir, 'nodes', second, 'local-path'));
    expect(readFileSync(file, 'utf8')).toBe('kept\n');
    expect(file).toBe(join(path, 'file'));
  });

  test('does what a node can, and points to the server for the rest', async () => {
    const status = JSON.parse(await ok(worker.coracle('status', '--json'))) as Record<string, unknown>;
    expect(status).toMatchObject({ state: 'running', joined: { node: second, server: 'https://192.0.2.1:6443' } });
    expect(await ok(worker.coracle('logs'))).toContain('INFO');
    for (const args of [
      ['token', 'create'],
      ['node', 'ls'],
      ['user', 'add', 'ann'],
      ['secrets', 'rotate'],
    ]) {
      const { code, stderr } = await worker.coracle(...args);
      expect([code, stderr]).toEqual([1, expect.stringContaining('this machine has joined the cluster at')]);
    }
    const { stderr } = await worker.coracle('up', '--nodes', '2');
    expect(stderr).toContain('whose settings are those of its server');
  });

  const agentPid = async (): Promise<number> => {
    const { processes } = JSON.parse(await ok(worker.coracle('status', '--json'))) as { processes: { pid: number }[] };
    return processes[0]?.pid ?? 0;
  };

  test('its containers outlive a killed agent, which comes back', async () => {
    const before = await agentPid();
    const id = await field('.status.containerStatuses[0].containerID', 'pod', 'writer');
    process.kill(before, 'SIGKILL');
    await eventually('another agent', async () => {
      const { stdout } = await worker.coracle('status', '--json');
      const { state } = JSON.parse(stdout) as { state: string };
      return state === 'running' && (await agentPid()) !== before;
    });
    expect(await ok(k('exec', 'writer', '--', 'cat', '/data/file'))).toBe('kept\n');
    expect(await field('.status.containerStatuses[0].containerID', 'pod', 'writer')).toBe(id);
    expect(await field('.status.containerStatuses[0].restartCount', 'pod', 'writer')).toBe('0');
  });

  test('its certificates are replaced before they end, by the rights of the node itself', async () => {
    const ca = {
      certificate: readFileSync(join(server.dataDir, 'pki', 'ca.crt'), 'utf8'),
      key: readFileSync(join(server.dataDir, 'pki', 'ca.key'), 'utf8'),
    };
    const day = 24 * 3_600_000;
    const validity = { from: Date.now() - 9 * day, until: Date.now() + day };
    const subject = { commonName: `system:node:${second}`, organizations: ['system:nodes'] };
    const files = [`node-${second}.pem`, `kubelet-${second}.pem`].map((name) => join(worker.dataDir, 'pki', name));
    const [client = '', serving = ''] = files;
    const issue = (usage: 'client' | 'server'): Promise<KeyPair> =>
      issueCertificate(
        ca,
        { ...subject, usages: [usage], dnsNames: [second], addresses: [worker.address] },
        validity,
        systemRandom,
      );
    await ok(worker.coracle('down', '--keep-pods'));
    for (const [file, usage] of [
      [client, 'client'],
      [serving, 'server'],
    ] as const) {
      const { certificate, key } = await issue(usage);
      writeFileSync(file, `${certificate}${key}`, { mode: 0o600 });
    }
    await ok(worker.coracle('join'));
    for (const file of files) {
      await eventually(`another ${file}`, () =>
        Promise.resolve(expiryOf(readFileSync(file, 'utf8')) > Date.now() + 300 * day),
      );
    }
    const shown = await server.run(
      'sh',
      '-c',
      `openssl s_client -connect ${worker.address}:10250 </dev/null 2>/dev/null | openssl x509 -noout -checkend ${30 * 86_400}`,
    );
    expect(shown.stdout).toContain('will not expire');
    expect(await ok(k('exec', 'writer', '--', 'cat', '/data/file'))).toBe('kept\n');
  });

  test('comes back after a power cut, with its volumes', async () => {
    await machines.reboot();
    expect(await ok(worker.coracle('up'))).toContain('is back in the cluster');
    await eventually('the volume to be there', async () => {
      const { stdout } = await k('exec', 'writer', '--', 'cat', '/data/file');
      return stdout === 'kept\n';
    });
    const pods = await webPods();
    for (const from of pods) {
      for (const to of pods) {
        await eventually(
          `${from.node} to reach ${to.node}`,
          async () => (await fetchFrom(from.name, to.ip, 8080)) === to.node,
        );
      }
    }
  });

  test('comes back after it was stopped, with `coracle up` as with `coracle join`', async () => {
    for (const command of ['up', 'join']) {
      await ok(worker.coracle('down'));
      expect(await ok(worker.coracle(command))).toContain('is back in the cluster');
      await eventually('the volume to be there', async () => {
        const { stdout } = await k('exec', 'writer', '--', 'cat', '/data/file');
        return stdout === 'kept\n';
      });
    }
  });

  test('that is cut off is NotReady, and its pods move when their tolerations end', async () => {
    const path = join(server.folder, 'mover.yaml');
    const toleration = (key: string): string =>
      `{key: node.kubernetes.io/${key}, operator: Exists, effect: NoExecute, tolerationSeconds: 2}`;
    writeFileSync(
      path,
      `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mover}
spec:
  selector: {matchLabels: {app: mover}}
  template:
    metadata: {labels: {app: mover}}
    spec:
      terminationGracePeriodSeconds: 0
      tolerations: [${toleration('unreachable')}, ${toleration('not-ready')}]
      affinity:
        nodeAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [${second}]}]}}
      containers: [{name: c, image: busybox, command: [sleep, "9999"]}]
`,
    );
    await ok(k('apply', '-f', path));
    await ok(k('rollout', 'status', 'deploy/mover', '--timeout=60s'));
    expect(await field('.items[0].spec.nodeName', 'pods', '-l', 'app=mover')).toBe(second);
    await machines.setConnected(false);
    try {
      await ok(k('wait', '--for=condition=Ready=Unknown', `node/${second}`, '--timeout=90s'));
      await eventually(
        'a pod on the other node',
        async () => {
          const where = await field('.items[?(@.status.phase=="Running")].spec.nodeName', 'pods', '-l', 'app=mover');
          return where.split(' ').includes(first);
        },
        60_000,
      );
    } finally {
      await machines.setConnected(true);
    }
    await ok(k('wait', '--for=condition=Ready', `node/${second}`, '--timeout=90s'));
    await eventually(
      'one pod to be left',
      async () => (await field('.items[*].spec.nodeName', 'pods', '-l', 'app=mover')).trim() === first,
    );
    await ok(k('delete', 'deploy', 'mover'));
  });

  test('is removed on the server, and does not add itself again', async () => {
    await ok(k('delete', 'pod/writer', 'pvc/data'));
    await ok(server.coracle('node', 'rm', second));
    expect(await field('.items[*].metadata.name', 'nodes')).toBe(first);
    await eventually('the agent to end', async () => {
      const { stdout } = await worker.coracle('status');
      return stdout.includes('is no longer in the cluster');
    });
    const { code, stderr } = await worker.coracle('join');
    expect([code, stderr]).toEqual([1, expect.stringContaining('is no longer in the cluster')]);
    await ok(worker.coracle('reset', '--yes'));
    expect(await worker.traces()).toEqual([]);
    expect(await field('.items[*].metadata.name', 'nodes')).toBe(first);
  });
});
