/**
 * Services between two machines that share a link, with plain routes between their pods: load balancer addresses
 * that the other machine reaches, UDP, local traffic policy with its health checks, and affinity that ends.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ok, type RunResult } from '../support/clients.ts';
import { eventually } from '../support/cluster.ts';
import { twoMachines, type Machine, type Machines } from '../support/machines.ts';

let machines: Machines;
let server: Machine;
let other: Machine;
const [first, second] = ['pair-1', 'other'];

const k = (...args: readonly string[]): Promise<RunResult> => server.kubectl(...args);
const field = async (path: string, ...what: readonly string[]): Promise<string> =>
  (await ok(k('get', ...what, '-o', `jsonpath={${path}}`))).trim();
const apply = async (name: string, yaml: string): Promise<void> => {
  const path = join(server.folder, `${name}.yaml`);
  writeFileSync(path, yaml);
  await ok(k('apply', '-f', path));
};

/** The body of a page; '' when nobody answers. */
async function fetchFrom(machine: Machine, address: string, path = '/'): Promise<string> {
  const { stdout } = await machine.run('curl', '-s', '-m', '2', `http://${address}${path}`);
  return stdout.trim();
}

const web = `
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
        args: ["mkdir -p /www; echo $NODE > /www/index.html; exec httpd -f -p 8080 -h /www"]
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

beforeAll(async () => {
  machines = await twoMachines('pair');
  [server, other] = machines.both;
  const pool = ['--load-balancer-pool', '192.0.2.96/28'];
  await ok(server.coracle('up', '--backend', 'routes', '--advertise-address', server.address, ...pool));
  await apply('web', web);
  await ok(k('rollout', 'status', 'ds/web', '--timeout=60s'));
});
afterAll(() => machines.close());

test('a machine that knows nothing of the cluster reaches a load balancer on its link, until it is gone', async () => {
  const address = await eventually('an address', () =>
    field('.status.loadBalancer.ingress[0].ip', 'service', 'web').then((text) => text || undefined),
  );
  expect(address).toMatch(/^192\.0\.2\.(9[7-9]|10\d|110)$/);
  await eventually('an answer', async () => (await fetchFrom(other, address)) === first);
  expect((await other.run('ip', 'neigh', 'show', address)).stdout).toContain('lladdr');
  const port = (await other.run('curl', '-s', '-m', '2', `http://${address}:8081/`)).code;
  expect(port, 'other ports are refused').toBe(7);
  await ok(k('patch', 'service', 'web', '-p', '{"spec":{"type":"ClusterIP"}}'));
  await eventually('the address to go', async () => {
    const { stdout } = await server.run('ip', '-4', 'addr', 'show', 'eth0');
    return !stdout.includes(`${address}/32`);
  });
  expect(await fetchFrom(other, address)).toBe('');
});

describe('when the other machine has joined', () => {
  beforeAll(async () => {
    const command = (await ok(server.coracle('token', 'create'))).trim().split(' ').slice(1);
    await ok(other.coracle(...command, '--node-name', second));
    await eventually('a pod there', async () => (await field('.status.numberReady', 'ds', 'web')) === '2');
  });

  const podOn = (node: string): Promise<string> =>
    field(`.items[?(@.spec.nodeName=="${node}")].metadata.name`, 'pods', '-l', 'app=web');
  const addressOn = (node: string): Promise<string> =>
    field(`.items[?(@.spec.nodeName=="${node}")].status.podIP`, 'pods', '-l', 'app=web');

  test('their pods reach each other by routes over the link, without a tunnel', async () => {
    for (const [from, to] of [
      [first, second],
      [second, first],
    ] as const) {
      const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc ${await addressOn(to)} 8080 | tail -1`;
      const answer = await ok(k('exec', await podOn(from), '--', 'sh', '-c', script));
      expect(answer.trim()).toBe(to);
    }
    const { stdout } = await server.run('ip', 'route', 'show', 'proto', '117');
    expect(stdout).toContain(`via ${other.address} dev eth0`);
    expect((await server.run('ip', 'link', 'show', 'type', 'vxlan')).stdout).toBe('');
  });

  test('a Service over UDP reaches pods on the other machine: cluster DNS', async () => {
    const dns = await field('.items[0].spec.nodeName', 'pods', '-n', 'kube-system', '-l', 'k8s-app=kube-dns');
    expect(dns).toBe(first);
    const answer = await ok(k('exec', await podOn(second), '--', 'nslookup', 'web.default.svc.cluster.local'));
    expect(answer).toContain(await field('.spec.clusterIP', 'service', 'web'));
  });

  test('under externalTrafficPolicy Local a node without an endpoint says so, and passes nothing on', async () => {
    await apply(
      'local',
      `
apiVersion: v1
kind: Pod
metadata: {name: single, labels: {app: single}}
spec:
  nodeName: ${second}
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: busybox
    command: [sh, -c, "mkdir /www; echo here > /www/index.html; exec httpd -f -p 8080 -h /www"]
    readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: local}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: single}
  ports: [{port: 80, targetPort: 8080}]
`,
    );
    await ok(k('wait', '--for=condition=Ready', 'pod/single', '--timeout=60s'));
    const check = await field('.spec.healthCheckNodePort', 'service', 'local');
    const nodePort = await field('.spec.ports[0].nodePort', 'service', 'local');
    const health = async (machine: Machine, from: Machine): Promise<string> => {
      const flags = ['-s', '-m', '2', '-o', '/dev/null', '-w', '%{http_code}'];
      return (await from.run('curl', ...flags, `http://${machine.address}:${check}/`)).stdout;
    };
    await eventually('the health check', async () => (await health(other, server)) === '200');
    expect(await health(server, other)).toBe('503');
    expect(await fetchFrom(server, `${other.address}:${nodePort}`)).toBe('here');
    // From outside, that is; the node itself may ask.
    expect(await fetchFrom(other, `${server.address}:${nodePort}`)).toBe('');
    await ok(k('delete', 'pod/single', 'service/local'));
  });

  test('session affinity keeps a client with one pod, and ends after its timeout', async () => {
    const spec = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 2 } } };
    await ok(k('patch', 'service', 'web', '-p', JSON.stringify({ spec })));
    const ip = await field('.spec.clusterIP', 'service', 'web');
    const chosen = await eventually('affinity', async () => {
      const answers = new Set<string>();
      for (let at = 0; at < 12; at += 1) answers.add(await fetchFrom(server, ip));
      return answers.size === 1 && [...answers][0];
    });
    expect([first, second]).toContain(chosen);
    // Each time it ends the choice is free again: half of them go elsewhere.
    await eventually(
      'another choice',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        const answer = await fetchFrom(server, ip);
        return answer !== '' && answer !== chosen;
      },
      60_000,
    );
  });
});
