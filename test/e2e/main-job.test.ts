/**
 * The main job, with unmodified kubectl: a pod is applied, looked at, entered, and deleted, and is a real
 * container all the while. Sources of expectations: kubectl's own output against upstream clusters.
 */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, ok, run, start, clientProgram, type ClientVersion } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('main-job');

beforeAll(async () => {
  await ok(cluster.up());
});
afterAll(() => cluster.destroy());

const podYaml = (name: string): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  terminationGracePeriodSeconds: 2
  # With the token mounted, kubectl sees a difference in the order of volumeMounts at every apply.
  automountServiceAccountToken: false
  containers:
  - name: main
    image: busybox
    command: [sh, -c]
    args: ["echo started; httpd -p 8080 -h /www; trap 'echo bye; exit 0' TERM; while true; do sleep 0.2; done"]
    volumeMounts: [{name: www, mountPath: /www}]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
  initContainers:
  - name: page
    image: busybox
    command: [sh, -c, "echo the page of ${name} > /www/index.html"]
    volumeMounts: [{name: www, mountPath: /www}]
  volumes: [{name: www, emptyDir: {}}]
`;

const write = (name: string, content: string): string => {
  const path = join(cluster.folder, name);
  writeFileSync(path, content);
  return path;
};

describe.each<ClientVersion>(['1.35', '1.32'])('kubectl %s', (version) => {
  const k = kubectl(cluster.kubeconfig, version);
  const name = `pod-${version.replace('.', '-')}`;
  const file = (): string => write(`${name}.yaml`, podYaml(name));
  const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await ok(k(...args, '-o', 'json'))) as T;

  test('shows the node as Ready with version, capacity and addresses', async () => {
    expect(await ok(k('get', 'nodes'))).toMatch(/main-job-1\s+Ready\s+<none>\s+\S+\s+v1\.35\.\d+/);
    const { status } = await json<{ status: { capacity: Record<string, string>; addresses: { type: string }[] } }>(
      'get',
      'node',
      'main-job-1',
    );
    expect(Object.keys(status.capacity)).toEqual(
      expect.arrayContaining(['cpu', 'memory', 'pods', 'ephemeral-storage']),
    );
    expect(status.addresses.map(({ type }) => type)).toEqual(expect.arrayContaining(['InternalIP', 'Hostname']));
  });

  test('applies a pod, first created, then unchanged, then configured', async () => {
    expect(await ok(k('apply', '-f', file()))).toBe(`pod/${name} created\n`);
    await ok(k('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=20s'));
    expect(await ok(k('apply', '-f', file()))).toBe(`pod/${name} unchanged\n`);
    const changed = write(`${name}-2.yaml`, podYaml(name).replace(`{app: ${name}}`, `{app: ${name}, tier: test}`));
    expect(await ok(k('apply', '-f', changed))).toBe(`pod/${name} configured\n`);
  });

  test('describes it, with its events in the order in which they happened', async () => {
    const text = await ok(k('describe', 'pod', name));
    const events = text.slice(text.indexOf('Events:'));
    const reasons = [...events.matchAll(/^\s+Normal\s+(\w+)/gm)].map((match) => match[1]);
    expect(reasons.slice(0, 5)).toEqual(['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started']);
    expect(events).toContain(`Successfully assigned default/${name} to main-job-1`);
    expect(text).toMatch(/QoS Class:\s+Burstable/);
  });

  test('lists it wide, by label, by name and by jsonpath', async () => {
    expect(await ok(k('get', 'pods', '-o', 'wide', '-l', `app=${name}`))).toMatch(
      new RegExp(`${name}\\s+1/1\\s+Running\\s+0\\s+\\S+\\s+10\\.\\d+\\.\\d+\\.\\d+\\s+main-job-1`),
    );
    expect(await ok(k('get', 'pods', '-l', 'app=nobody'))).toBe('');
    expect(await ok(k('get', 'pod', name, '-o', 'name'))).toBe(`pod/${name}\n`);
    expect(await ok(k('get', 'pod', name, '-o', 'jsonpath={.spec.containers[*].image}'))).toBe('busybox');
    expect(await ok(k('get', 'pod', name, '-o', 'yaml'))).toContain('restartPolicy: Always');
  });

  test('reads its log, and follows it', async () => {
    expect(await ok(k('logs', name))).toContain('started');
    const follower = start(clientProgram('kubectl', version), ['logs', '-f', name], { KUBECONFIG: cluster.kubeconfig });
    const text = await new Promise<string>((resolve) =>
      follower.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(text).toContain('started');
    follower.kill();
  });

  test('executes in it, with its exit code, input and a terminal', async () => {
    expect(await ok(k('exec', name, '--', 'hostname'))).toBe(`${name}\n`);
    expect((await k('exec', name, '--', 'sh', '-c', 'exit 7')).code).toBe(7);
    expect(await ok(k('exec', name, '--', 'cat', '/www/index.html'))).toBe(`the page of ${name}\n`);
    const program = clientProgram('kubectl', version);
    const env = { KUBECONFIG: cluster.kubeconfig };
    expect(await ok(run(program, ['exec', '-i', name, '--', 'tr', 'a-z', 'A-Z'], { env, input: 'typed\n' }))).toBe(
      'TYPED\n',
    );
    const inTerminal = `${program} exec -it ${name} -- sh -c 'sleep 0.5; stty size; tty'`;
    // script(1) gives kubectl a terminal; its own input must stay open.
    const recorded = `sleep 5 | script -qec ${JSON.stringify(`stty rows 33 cols 99; ${inTerminal}`)} /dev/null`;
    const typescript = await ok(run('sh', ['-c', recorded], { env }));
    expect(typescript.replaceAll('\r', '')).toContain('33 99\n/dev/pts/');
  });

  test('copies files in and out', async () => {
    const local = write(`copied-${version}`, 'some text\n');
    await ok(k('cp', local, `${name}:/tmp/copied`));
    expect(await ok(k('exec', name, '--', 'cat', '/tmp/copied'))).toBe('some text\n');
    await ok(k('cp', `${name}:/tmp/copied`, `${local}-back`));
    expect(readFileSync(`${local}-back`, 'utf8')).toBe('some text\n');
  });

  test('forwards a port', async () => {
    const forward = start(clientProgram('kubectl', version), ['port-forward', name, ':8080'], {
      KUBECONFIG: cluster.kubeconfig,
    });
    const line = await new Promise<string>((resolve) =>
      forward.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    const answers = await Promise.all(
      [1, 2, 3].map(() => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text())),
    );
    expect(answers).toEqual(Array(3).fill(`the page of ${name}\n`));
    forward.kill();
  });

  test('it is a real container: own namespaces, limits enforced, reachable from the host', async () => {
    const { status } = await json<{ status: { podIP: string } }>('get', 'pod', name);
    expect(await fetch(`http://${status.podIP}:8080/`).then((answer) => answer.text())).toBe(`the page of ${name}\n`);
    expect(await ok(k('exec', name, '--', 'sh', '-c', 'echo $$'))).not.toBe('1\n');
    for (const namespace of ['pid', 'net', 'ipc', 'uts', 'mnt']) {
      const own = (await ok(k('exec', name, '--', 'readlink', `/proc/1/ns/${namespace}`))).trim();
      expect(own, namespace).not.toBe(readlinkSync(`/proc/self/ns/${namespace}`));
    }
    const limit = await ok(
      k(
        'exec',
        name,
        '--',
        'sh',
        '-c',
        'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
      ),
    );
    expect(limit.trim()).toBe(String(64 * 1024 * 1024));
  });

  test('a dry run on the server changes nothing', async () => {
    expect(await ok(k('apply', '--dry-run=server', '-f', write('dry.yaml', podYaml(`dry-${name}`))))).toBe(
      `pod/dry-${name} created (server dry run)\n`,
    );
    expect((await k('get', 'pod', `dry-${name}`)).stderr).toContain(`pods "dry-${name}" not found`);
  });

  test('deletes it gracefully: the process hears SIGTERM', async () => {
    const follower = start(clientProgram('kubectl', version), ['logs', '-f', name], { KUBECONFIG: cluster.kubeconfig });
    let log = '';
    follower.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await eventually('the follower reads', async () => log.includes('started'));
    expect(await ok(k('delete', 'pod', name))).toMatch(new RegExp(`^pod "${name}" deleted`));
    await eventually('the last words arrive', async () => log.includes('bye'));
    follower.kill();
  });
});

describe('a cluster', () => {
  const k = kubectl(cluster.kubeconfig);

  test('refuses who is nobody, except for health and version', async () => {
    const config = JSON.parse(await ok(k('config', 'view', '--raw', '-o', 'json'))) as {
      clusters: { cluster: { server: string } }[];
    };
    const server = config.clusters[0]?.cluster.server ?? '';
    const status = async (path: string): Promise<number> => {
      const { request } = await import('node:https');
      return new Promise((resolve, reject) => {
        request(`${server}${path}`, { rejectUnauthorized: false }, (answer) => resolve(answer.statusCode ?? 0))
          .on('error', reject)
          .end();
      });
    };
    expect(await status('/api/v1/pods')).toBe(403);
    expect(await Promise.all(['/healthz', '/livez', '/readyz', '/version'].map(status))).toEqual([200, 200, 200, 200]);
  });

  test('gives pods the API by its Service, with an account that may do nothing', async () => {
    await ok(k('run', 'asker', '--image=busybox', '--restart=Never', '--command', '--', 'sleep', '600'));
    await ok(k('wait', '--for=condition=Ready', 'pod/asker', '--timeout=20s'));
    const { spec } = JSON.parse(await ok(k('get', 'service', 'kubernetes', '-o', 'json'))) as {
      spec: { clusterIP: string };
    };
    const token = await ok(k('exec', 'asker', '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'));
    expect(token.split('.')).toHaveLength(3);
    const answered = await ok(
      k('exec', 'asker', '--', 'sh', '-c', `nc -w 2 ${spec.clusterIP} 443 </dev/null && echo connected`),
    );
    expect(answered).toContain('connected');
    const verdict = await k('auth', 'can-i', 'list', 'pods', '--token', token, '--certificate-authority', '/dev/null');
    expect(verdict.code).not.toBe(0);
    await ok(k('delete', 'pod', 'asker', '--now'));
  });

  test('answers up a second time, tells its status, and keeps pods through down --keep-pods', async () => {
    await ok(k('run', 'keeper', '--image=busybox', '--command', '--', 'sleep', '600'));
    await ok(k('wait', '--for=condition=Ready', 'pod/keeper', '--timeout=20s'));
    const pid = async (): Promise<string> =>
      (
        JSON.parse(await ok(k('get', 'pod', 'keeper', '-o', 'json'))) as {
          status: { containerStatuses: { containerID: string }[] };
        }
      ).status.containerStatuses[0]?.containerID ?? '';
    const before = await pid();
    const again = await cluster.up();
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('already running')]);
    const status = JSON.parse((await cluster.coracle('status', '--json')).stdout) as {
      state: string;
      processes: { name: string; pid: number; rssBytes: number; startedAt: string }[];
    };
    expect(status.state).toBe('running');
    expect(status.processes.map(({ name }) => name)).toEqual(['server', 'agent-main-job-1', 'ingress']);
    await ok(cluster.coracle('down', '--keep-pods'));
    await ok(cluster.up());
    await ok(k('wait', '--for=condition=Ready', 'pod/keeper', '--timeout=20s'));
    expect(await pid()).toBe(before);
    expect(await ok(k('get', 'pod', 'keeper'))).toMatch(/keeper\s+1\/1\s+Running\s+0\s/);
  });

  test.each(['server', 'agent-main-job-1'])(
    '%s comes back after kill -9, and its pods run on untouched',
    async (name) => {
      const { processes } = JSON.parse((await cluster.coracle('status', '--json')).stdout) as {
        processes: { name: string; pid: number }[];
      };
      const id = await ok(k('get', 'pod', 'keeper', '-o', 'jsonpath={.status.containerStatuses[0].containerID}'));
      process.kill(processes.find((each) => each.name === name)?.pid ?? 0, 'SIGKILL');
      await eventually(
        'it is ready again',
        async () =>
          (JSON.parse((await cluster.coracle('status', '--json')).stdout) as { state: string }).state === 'running',
      );
      expect(
        await ok(
          k(
            'get',
            'pod',
            'keeper',
            '-o',
            'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}',
          ),
        ),
      ).toBe(`${id} 0`);
      expect(await ok(k('exec', 'keeper', '--', 'echo', 'still here'))).toBe('still here\n');
    },
  );

  test('says in a sentence that a port is in use', async () => {
    const { stdout } = await cluster.coracle('status', '--json');
    const api = new URL((JSON.parse(stdout) as { endpoints: { api: string } }).endpoints.api);
    const other = testCluster('busy-port');
    try {
      const result = await other.coracle('up', '--port', api.port);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(`port ${api.port} is in use by another program`);
    } finally {
      await other.destroy();
    }
  });
});
