import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { type Duplex, PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { podPaths } from '../pod/names.ts';
import { testCertificates, type TestCertificates } from '../testing/certificates.ts';
import { Harness } from '../testing/harness.ts';
import { attributesOf, kubeletAuth } from './auth.ts';
import type { KubeletRequest, KubeletResponse } from './http.ts';
import { nodeLogs } from './node-logs.ts';
import { createKubeletServer } from './server.ts';
import { SpdyConnection, type SpdyStream } from '../../spdy/connection.ts';
import { asStream } from './websocket.ts';

let harness: Harness;
let certificates: TestCertificates;
let port = 0;
const stop = new AbortController();
let running: Promise<void>;
let logs = '';

beforeAll(async () => {
  certificates = await testCertificates('kube-apiserver-kubelet-client');
  harness = await Harness.start({
    behaviour: () => ({
      exec: (command) => ({
        exitCode: command[0] === 'fail' ? 7 : 0,
        stdout: `ran ${command.join(' ')}\n`,
        stderr: 'complaint\n',
      }),
    }),
  });
  seedLocalVolume();
  const volumeMounts = ['scratch', 'disk'].map((name) => ({ name, mountPath: `/${name}` }));
  const pod = harness.create('web', {
    containers: [{ name: 'box', image: 'busybox', imagePullPolicy: 'IfNotPresent', volumeMounts }],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'disk', persistentVolumeClaim: { claimName: 'data' } },
    ],
  });
  await harness.phase('web', 'Running');
  const { agent, client } = harness;
  if (agent === undefined) throw new Error('no agent');
  logs = join(podPaths(agent.options.config, pod).logs, 'box');
  await mkdir(logs, { recursive: true });
  await writeFile(
    join(logs, '0.log'),
    '2026-01-01T00:00:00.000000001Z stdout F one\n2026-01-01T00:00:01.0Z stderr P tw\n' +
      '2026-01-01T00:00:01.1Z stderr F o\n2026-01-01T00:00:02.0Z stdout F three\n',
  );
  const trustedUsers = ['kube-apiserver-kubelet-client'];
  const server = createKubeletServer({
    agent,
    auth: kubeletAuth({ client, clock: harness.clock, nodeName: 'one', trustedUsers }),
    clock: systemClock,
    log: silentLogger,
    tls: { ...certificates.server, clientAuthority: certificates.authority },
    address: '127.0.0.1',
    port: 0,
  });
  port = await server.listen();
  running = server.run(stop.signal);
});

/** Claim `data`, bound to a folder. */
function seedLocalVolume(): void {
  const claim = { name: 'data', namespace: 'default', uid: 'uid-data' };
  const spec = { accessModes: ['ReadWriteOnce'] } as const;
  harness.client.seed(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: { ...spec, local: { path: harness.root }, claimRef: claim, capacity: { storage: '1Gi' } },
  });
  harness.client.seed(PersistentVolumeClaim, {
    metadata: claim,
    spec: { ...spec, volumeName: 'pv' },
    status: { phase: 'Bound' },
  });
}

afterAll(async () => {
  stop.abort();
  await running;
  await harness.stop();
});

const identity = () => ({
  ca: certificates.authority,
  cert: certificates.client.certificate,
  key: certificates.client.key,
});

function get(path: string, options: object = identity()): Promise<{ code: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      { host: '127.0.0.1', port, path, agent: false, ca: certificates.authority, ...options },
      (incoming: IncomingMessage) => {
        let body = '';
        incoming.on('data', (part: Buffer) => (body += part.toString()));
        incoming.on('end', () => resolve({ code: incoming.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('who has no certificate is not answered', async () => {
  expect(await get('/pods', {})).toEqual({ code: 401, body: 'Unauthorized' });
});

test('health and pods', async () => {
  expect(await get('/healthz')).toEqual({ code: 200, body: 'ok' });
  const pods = JSON.parse((await get('/pods')).body) as { items: { metadata: { name: string }; status: object }[] };
  expect(pods.items.map((each) => each.metadata.name)).toEqual(['web']);
  expect(pods.items[0]?.status).toMatchObject({ phase: 'Running' });
  expect((await get('/nonsense')).code).toBe(404);
});

describe('routes', () => {
  test.each([
    ['/healthz/ping', 200, 'ok'],
    ['/healthz/syncloop', 200, 'ok'],
    ['/healthz?verbose', 200, '[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n'],
    ['/healthz/etcd', 404, '404 page not found'],
    ['/metrics/slis', 200, 'kubernetes_healthcheck{name="syncloop",type="healthz"} 1\n'],
    ['/metrics/nothing', 404, '404 page not found'],
    ['/metrics', 200, 'kubelet_running_pods 1'],
    ['/runningpods/', 200, '"name":"web"'],
    ['/configz', 200, '"kubeletconfig"'],
    ['/debug/pprof/profile', 405, 'profiling endpoint is disabled.'],
    ['/debug/flags/v', 405, 'flags endpoint is disabled.'],
    ['/statusz', 404, '404 page not found'],
    ['/flagz', 404, '404 page not found'],
    ['/exec/default/web/box?command=true&output=1', 400, 'Upgrade request required'],
    ['/portForward/default/web', 400, 'Upgrade request required'],
    ['/containerLogs/default/%zz/box', 400, 'invalid URL escape'],
    ['/logs/', 200, '<pre>'],
    ['/logs/nothing-of-this-name', 404, '404 page not found'],
    ['/logs/..%2f..%2fetc/passwd', 400, 'invalid URL path'],
    ['/logs/?query=kubelet', 400, 'node log query is disabled'],
    ['/checkpoint/default/web/box', 405, 'Method Not Allowed'],
  ])('GET %s', async (path, code, text) => {
    const answer = await get(path);
    expect(answer.code).toBe(code);
    expect(answer.body).toContain(text);
  });

  test.each([
    ['/pods', 405, 'Method Not Allowed'],
    ['/containerLogs/default/web/box', 405, 'Method Not Allowed'],
    ['/run/default/web/box?cmd=hello%20you', 200, 'ran hello you\ncomplaint\n'],
    ['/run/default/web/box', 400, 'cmd is required'],
    ['/checkpoint/default/web/box', 404, 'checkpointing of default/web/box failed'],
    ['/checkpoint/default/web/other', 404, 'container not found'],
  ])('POST %s', async (path, code, text) => {
    const answer = await get(path, { ...identity(), method: 'POST' });
    expect(answer.code).toBe(code);
    expect(answer.body).toContain(text);
  });

  test.each([
    ['GET', '/pods', 'get', ['pods', 'proxy']],
    ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
    ['GET', '/healthz/ping', 'get', ['healthz', 'proxy']],
    ['GET', '/configz', 'get', ['configz', 'proxy']],
    ['GET', '/stats/summary', 'get', ['stats']],
    ['GET', '/metrics/cadvisor', 'get', ['metrics']],
    ['GET', '/logs/syslog', 'get', ['log']],
    ['POST', '/checkpoint/a/b/c', 'create', ['checkpoint']],
    ['GET', '/exec/a/b/c', 'get', ['proxy']],
    ['POST', '/run/a/b/c', 'create', ['proxy']],
    ['PUT', '/debug/flags/v', 'update', ['proxy']],
    ['GET', '/podsecrets', 'get', ['proxy']],
  ])('%s %s needs %s on %s', (method, path, verb, subresources) => {
    expect(attributesOf(method, path)).toEqual({ verb, subresources });
  });
});

test('a log file is shown whole, and no link leads out of the folder of logs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coracle-node-logs-'));
  await writeFile(join(folder, 'messages'), 'one\ntwo\n');
  await symlink('/etc/passwd', join(folder, 'out'));
  await symlink('messages', join(folder, 'in'));
  const read = async (...parts: string[]): Promise<string> => {
    const out = new PassThrough();
    const text = buffer(out);
    const request = { url: new URL('https://node/logs/'), parts: ['logs', ...parts] } as unknown as KubeletRequest;
    await nodeLogs(folder, request, { stream: () => out } as unknown as KubeletResponse);
    return (await text).toString();
  };
  expect(await read('messages')).toBe('one\ntwo\n');
  expect(await read('in')).toBe('one\ntwo\n');
  expect(await read()).toContain('<a href="messages">messages</a>');
  await expect(read('out')).rejects.toThrow('404 page not found');
  await rm(folder, { recursive: true });
});

test('statistics of containers in the form that metrics-server reads', async () => {
  const { body } = await get('/metrics/resource');
  expect(body).toContain('container_memory_working_set_bytes{container="box",namespace="default",pod="web"} 1048576');
  expect(body).toContain('# TYPE node_cpu_usage_seconds_total counter');
  expect((await get('/metrics/probes')).body).toContain('# TYPE prober_probe_total counter');
  const summary = JSON.parse((await get('/stats/summary')).body) as { pods: { podRef: { name: string } }[] };
  expect(summary.pods.map((each) => each.podRef.name)).toEqual(['web']);
});

interface FileSystem {
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
interface Summary {
  readonly pods: readonly {
    readonly volume: readonly (FileSystem & { readonly name: string; readonly pvcRef?: object })[];
    readonly 'ephemeral-storage': FileSystem;
    readonly containers: readonly { readonly logs: FileSystem; readonly rootfs: FileSystem }[];
  }[];
}

const summaryOfPod = async (): Promise<Summary['pods'][number]> => {
  const [pod] = (JSON.parse((await get('/stats/summary')).body) as Summary).pods;
  if (pod === undefined) throw new Error('the summary has no pod');
  return pod;
};

test('how full volumes are, in the form that dashboards read', async () => {
  const [scratch, disk] = (await summaryOfPod()).volume;
  expect(scratch).toMatchObject({ name: 'scratch', inodesUsed: 1 });
  expect(scratch).not.toHaveProperty('pvcRef');
  expect(disk).toMatchObject({ name: 'disk', pvcRef: { name: 'data', namespace: 'default' } });
  expect(disk?.capacityBytes).toBeGreaterThan(disk?.usedBytes ?? Infinity);
});

test("what a pod has on the node's own disk: logs, layers, and volumes that go with it", async () => {
  const { 'ephemeral-storage': all, containers } = await summaryOfPod();
  const [box] = containers;
  // The log, its folder, and the volume on the node's own disk; nothing of the one that outlives the pod.
  expect(all.inodesUsed).toBe(2 + 1 + (box?.rootfs.inodesUsed ?? NaN));
  expect(box?.logs.usedBytes).toBeGreaterThan(0);
});

test('how full claims are, as metrics', async () => {
  const { body } = await get('/metrics');
  for (const name of ['capacity_bytes', 'available_bytes', 'used_bytes', 'inodes', 'inodes_free', 'inodes_used']) {
    const series = `kubelet_volume_stats_${name}{namespace="default",persistentvolumeclaim="data"} `;
    expect(body.split(series)).toHaveLength(2);
  }
});

test("the summary tells a node's memory with all figures that clients compute with", async () => {
  const { node } = JSON.parse((await get('/stats/summary')).body) as { node: { memory: object } };
  expect(node.memory).toMatchObject({
    availableBytes: 6 * 2 ** 30,
    workingSetBytes: expect.any(Number) as number,
    usageBytes: expect.any(Number) as number,
    rssBytes: 2 ** 30,
    pageFaults: 1000,
    majorPageFaults: 10,
  });
});

describe('logs', () => {
  const read = async (query: string): Promise<string> => (await get(`/containerLogs/default/web/box${query}`)).body;

  test('show the text alone, with pieces of a line joined', async () => {
    expect(await read('')).toBe('one\ntwo\nthree\n');
  });

  test('show times where they are wanted, one for each line', async () => {
    expect(await read('?timestamps=true')).toBe(
      '2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:01.0Z two\n2026-01-01T00:00:02.0Z three\n',
    );
  });

  test('can be cut at either end', async () => {
    expect(await read('?tailLines=1')).toBe('three\n');
    expect(await read('?tailLines=0')).toBe('');
    expect(await read('?limitBytes=5')).toBe('one\nt');
    expect(await read('?sinceTime=2026-01-01T00:00:02Z')).toBe('three\n');
  });

  test('of what does not exist are refused in words', async () => {
    expect(await get('/containerLogs/default/web/other')).toEqual({
      code: 404,
      body: 'container "other" not found in pod "web"',
    });
    expect(await get('/containerLogs/default/web/box?previous=true')).toEqual({
      code: 400,
      body: 'previous terminated container "box" in pod "web" not found',
    });
  });
});

interface Frames {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: Record<string, unknown>;
}

function webSocketExec(query: string, protocol: string): Promise<Frames> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/exec/default/web/box?${query}`, [protocol], identity());
    const channels: string[] = ['', '', '', '', ''];
    socket.on('message', (data: Buffer) => {
      const encoded = protocol.includes('base64');
      const channel = encoded ? Number(String.fromCharCode(data[0] ?? 0)) : (data[0] ?? 0);
      const body = encoded ? Buffer.from(data.subarray(1).toString(), 'base64') : data.subarray(1);
      channels[channel] += body.toString();
    });
    socket.on('error', reject);
    socket.on('close', () =>
      resolve({
        stdout: channels[1] ?? '',
        stderr: channels[2] ?? '',
        status: JSON.parse(channels[3] === '' ? '{}' : (channels[3] ?? '{}')) as Record<string, unknown>,
      }),
    );
  });
}

describe('exec over WebSocket', () => {
  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'])('%s', async (protocol) => {
    const { stdout, stderr, status } = await webSocketExec('command=echo&command=hi&output=1&error=1', protocol);
    expect(stdout).toBe('ran echo hi\n');
    expect(stderr).toBe('complaint\n');
    expect(status).toEqual({ metadata: {}, status: 'Success' });
  });

  test('tells the exit code', async () => {
    const { status } = await webSocketExec('command=fail&stdout=true', 'v5.channel.k8s.io');
    expect(status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
  });

  test('of nothing is refused', async () => {
    await expect(webSocketExec('command=echo', 'v5.channel.k8s.io')).rejects.toThrow('400');
  });
});

function upgraded(path: string, headers: Record<string, string>): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      agent: false,
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', ...headers },
      ...identity(),
    });
    outgoing.on('upgrade', (_, socket) => resolve(socket));
    outgoing.on('response', (response) => reject(new Error(`${response.statusCode}`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function textOf(stream: SpdyStream): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    stream.on('data', (part: Buffer) => (all += part.toString()));
    stream.on('end', () => resolve(all));
  });
}

test('exec over SPDY', async () => {
  const socket = await upgraded('/exec/default/web/box?command=fail&output=1&error=1', {
    'x-stream-protocol-version': 'v4.channel.k8s.io',
  });
  const connection = new SpdyConnection(socket, { role: 'client', onStream: () => {} });
  void connection.run();
  const [error, stdout, stderr] = await Promise.all(
    ['error', 'stdout', 'stderr'].map((streamType) => connection.createStream({ streamType })),
  );
  const [status, out, complaint] = await Promise.all([textOf(error!), textOf(stdout!), textOf(stderr!)]);
  expect(out).toBe('ran fail\n');
  expect(complaint).toBe('complaint\n');
  expect(JSON.parse(status)).toMatchObject({ reason: 'NonZeroExitCode' });
});

describe('port-forward', () => {
  async function echoes(transport: Duplex): Promise<string[]> {
    const connection = new SpdyConnection(transport, { role: 'client', onStream: () => {} });
    void connection.run();
    const answers = await Promise.all(
      ['0', '1', '2'].map(async (requestID) => {
        await connection.createStream({ streamType: 'error', port: '80', requestID });
        const data = await connection.createStream({ streamType: 'data', port: '80', requestID });
        data.end(`hello ${requestID}`);
        return textOf(data);
      }),
    );
    connection.close();
    return answers;
  }

  test('over SPDY, several connections at once', async () => {
    const headers = { 'x-stream-protocol-version': 'portforward.k8s.io' };
    const answers = await echoes(await upgraded('/portForward/default/web', headers));
    expect(answers).toEqual(['hello 0', 'hello 1', 'hello 2']);
  });

  test('over SPDY in a WebSocket', async () => {
    const socket = await new Promise<WebSocket>((resolve, reject) => {
      const outgoing = httpsRequest({
        host: '127.0.0.1',
        port,
        path: '/portForward/default/web',
        agent: false,
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
        },
        ...identity(),
      });
      outgoing.on('upgrade', (response, raw, head) => {
        expect(response.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
        const accepted = new WebSocket(null as unknown as string, undefined, {});
        // The library refuses this subprotocol in its own client, so the handshake above is ours; it masks only as one.
        (accepted as unknown as { _isServer: boolean })._isServer = false;
        (accepted as unknown as { setSocket(socket: Duplex, head: Buffer, options: object): void }).setSocket(
          raw,
          head,
          {
            maxPayload: 0,
            skipUTF8Validation: true,
            allowSynchronousEvents: true,
          },
        );
        resolve(accepted);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(await echoes(asStream(socket))).toEqual(['hello 0', 'hello 1', 'hello 2']);
  });

  test('over WebSocket channels', async () => {
    const socket = new WebSocket(
      `wss://127.0.0.1:${port}/portForward/default/web?port=80`,
      ['v4.channel.k8s.io'],
      identity(),
    );
    const messages: Buffer[] = [];
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        messages.push(data);
        if (messages.length === 3) resolve();
      });
    });
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(Buffer.from('\0hello'));
    await answered;
    socket.close();
    expect(messages[0]).toEqual(Buffer.from([0, 80, 0]));
    expect(messages[1]).toEqual(Buffer.from([1, 80, 0]));
    expect(messages[2]).toEqual(Buffer.from('\0hello'));
  });
});
