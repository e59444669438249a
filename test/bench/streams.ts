/**
 * What goes through a node to its users: commands, forwarded ports, logs. Needs root.
 *
 *     node test/bench/streams.ts [--json FILE]
 *
 * From the client's request to the API server, over the node, to the client. Commands by a bare WebSocket, so that the
 * start of kubectl does not count; the rest also through kubectl, which shares the machine's cores.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { SpdyConnection, type SpdyStream } from '../../src/spdy/connection.ts';
import { clientProgram, kubectl, ok, start } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';
import { portForward } from '../support/port-forward.ts';
import { quantile, reporter } from './report.ts';

const { rows, report } = reporter();
const cluster = testCluster('bench-streams');
const k = kubectl(cluster.kubeconfig);
const megabyte = 1e6;
/** Of the log that is read. */
const logLines = 3_000_000;

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'source' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', 'truncate -s 1200M /zeros; exec httpd -f -p 9000 -h /'],
      },
      {
        name: 'talker',
        image: 'busybox',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', `yes ${'0123456789'.repeat(10)} | head -n ${logLines}; touch /done; exec sleep 3600`],
      },
    ],
  },
};

interface Access {
  readonly server: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

function accessOf(kubeconfig: string): Access {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const [server = '', ca = ''] = ['server', 'certificate-authority-data'].map(
    (name) => config.clusters[0]?.cluster[name],
  );
  const [cert = '', key = ''] = ['client-certificate-data', 'client-key-data'].map(
    (name) => config.users[0]?.user[name],
  );
  const decoded = (text: string): Buffer => Buffer.from(text, 'base64');
  return { server, ca: decoded(ca), cert: decoded(cert), key: decoded(key) };
}

/** Milliseconds from the request to the command's status. */
function exec(access: Access): Promise<number> {
  const { server, ...tls } = access;
  const path = '/api/v1/namespaces/default/pods/source/exec?container=main&command=true&stdout=true&stderr=true';
  const begun = performance.now();
  const socket = new WebSocket(`${server.replace('https', 'wss')}${path}`, 'v5.channel.k8s.io', tls);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      if (data[0] !== 3) return;
      socket.close();
      if (data.includes('Success')) resolve(performance.now() - begun);
      else reject(new Error(data.toString()));
    });
  });
}

/** Seconds of CPU that the cluster's own processes have used: says more than time where others use the machine, too. */
function cpuSeconds(name: string): number {
  const { pid } = JSON.parse(readFileSync(`/run/coracle/${cluster.name}/${name}.json`, 'utf8')) as { pid: number };
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Reports the CPU that agent and server use while so many megabytes pass. */
async function withCost(what: string, megabytes: number, work: () => Promise<void>): Promise<void> {
  const parts = [`agent-${cluster.name}-1`, 'server'];
  const before = parts.map(cpuSeconds);
  await work();
  for (const [at, part] of parts.entries()) {
    const used = cpuSeconds(part) - (before[at] ?? 0);
    report(`${what}: CPU of the ${part.split('-')[0]}, per GB`, (used / megabytes) * 1000, 's');
  }
}

/** Megabytes per second of a stream, up to so many bytes. */
async function rate(stream: AsyncIterable<Buffer>, most = Infinity): Promise<number> {
  let begun = 0;
  let bytes = 0;
  for await (const chunk of stream) {
    // From the first byte on: what it takes to get there is another figure.
    if (begun === 0) begun = performance.now();
    bytes += chunk.length;
    if (bytes > most) break;
  }
  return bytes / megabyte / ((performance.now() - begun) / 1000);
}

async function commands(access: Access): Promise<void> {
  await exec(access);
  const times: number[] = [];
  for (let at = 0; at < 40; at += 1) times.push(await exec(access));
  report('exec of `true`, p50', quantile(times, 0.5), 'ms', 60);
  report('exec of `true`, p99', quantile(times, 0.99), 'ms');
}

/** A forwarded port as older clients have it: SPDY on an upgraded connection. */
async function spdyPort(access: Access): Promise<number> {
  const { server, ...tls } = access;
  const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' };
  const url = `${server}/api/v1/namespaces/default/pods/source/portforward`;
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const sent = httpsRequest(url, { ...tls, method: 'POST', headers });
    sent.on('upgrade', (_answer, upgraded) => resolve(upgraded));
    sent.on('error', reject);
    sent.end();
  });
  const connection = new SpdyConnection(socket, { role: 'client', onStream: () => {} });
  void connection.run();
  const stream = (streamtype: string): Promise<SpdyStream> =>
    connection.createStream({ streamtype, port: '9000', requestid: '0' });
  const error = await stream('error');
  error.end();
  const data = await stream('data');
  data.on('error', () => {});
  data.write(ask);
  const result = await rate(data as AsyncIterable<Buffer>, most);
  connection.close();
  socket.destroy();
  return result;
}

const ask = 'GET /zeros HTTP/1.0\r\n\r\n';
const most = 600 * megabyte;

async function ports(access: Access): Promise<void> {
  await withCost('port-forward', most / megabyte, async () => {
    report('port-forward', await spdyPort(access), 'MB/s', 200);
  });
  const forward = await portForward(cluster.kubeconfig, 'pod/source', 9000);
  const socket = connect(forward.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(ask);
  report('port-forward through kubectl', await rate(socket as AsyncIterable<Buffer>, most), 'MB/s');
  socket.destroy();
  forward.stop();
}

async function logs(access: Access): Promise<void> {
  const { server, ...tls } = access;
  const read = async (query: string): Promise<number> => {
    const url = `${server}/api/v1/namespaces/default/pods/source/log?container=talker${query}`;
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      httpsRequest(url, tls, resolve).on('error', reject).end(),
    );
    answer.on('error', () => {}); // Broken off by us: a log that is followed has no end.
    return rate(answer as AsyncIterable<Buffer>, 0.9 * logLines * 101);
  };
  await withCost('logs -f', (logLines * 101) / megabyte, async () => {
    report('logs -f', await read('&follow=true'), 'MB/s', 200);
  });
  const child = start(clientProgram('kubectl'), ['logs', 'source', '-c', 'talker', '-f'], {
    KUBECONFIG: cluster.kubeconfig,
  });
  if (child.stdout === null) throw new Error('kubectl has no output');
  const through = await rate(child.stdout as AsyncIterable<Buffer>, 0.9 * logLines * 101);
  report('logs -f through kubectl', through, 'MB/s');
  child.kill();
}

const keep = setInterval(() => {}, 2 ** 30);
try {
  const settings = join(cluster.folder, 'kubelet.yaml');
  writeFileSync(
    settings,
    'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncontainerLogMaxSize: 2Gi\n',
  );
  await ok(cluster.up('--kubelet-config', settings));
  const file = join(cluster.folder, 'pod.json');
  writeFileSync(file, JSON.stringify(pod));
  await ok(k('apply', '-f', file));
  await ok(k('wait', '--for=condition=Ready', 'pod/source', '--timeout=30s'));
  await eventually(
    'the log is written',
    async () => (await k('exec', 'source', '-c', 'talker', '--', 'test', '-e', '/done')).code === 0,
    120_000,
  );
  const access = accessOf(cluster.kubeconfig);
  await commands(access);
  await ports(access);
  await logs(access);
} finally {
  clearInterval(keep);
  await cluster.destroy();
}
const target = process.argv.indexOf('--json');
if (target > 0) writeFileSync(process.argv[target + 1] ?? 'streams.json', JSON.stringify(rows, null, 2));
