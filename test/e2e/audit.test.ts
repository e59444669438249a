/** `coracle audit` against a cluster as it comes, and against one that somebody has spoiled. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditReport } from '../../src/cli/manager.ts';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('audit');
const env = { KUBECONFIG: cluster.kubeconfig };

async function kubectl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(clientProgram('kubectl'), args, { env });
  if (code !== 0) throw new Error(stderr);
}

async function report(
  ...args: readonly string[]
): Promise<{ code: number | null; failed: readonly string[]; found: AuditReport['findings'] }> {
  const { code, stdout, stderr } = await cluster.coracle('audit', '--json', ...args);
  if (stderr !== '') throw new Error(stderr);
  const { findings } = JSON.parse(stdout) as AuditReport;
  return { code, found: findings, failed: findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id) };
}

beforeAll(async () => {
  const { code, stderr } = await cluster.up();
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => cluster.destroy());

test('a cluster as it comes fails no check', async () => {
  await kubectl('create', 'secret', 'generic', 'db', '--from-literal=password=a-password-that-nobody-may-read');
  const { code, failed, found } = await report();
  expect(failed).toEqual([]);
  expect(code).toBe(0);
  expect(found.find(({ id }) => id === '1.2.27')).toMatchObject({
    verdict: 'pass',
    found: expect.stringMatching(/^1 Secrets were looked for/u) as string,
  });
});

test('what somebody spoils is found, and told how to mend', async () => {
  const key = join(cluster.folder, 'data', 'pki', 'admin.key');
  const { mode } = statSync(key);
  chmodSync(key, 0o644);
  await kubectl(
    'create',
    'clusterrolebinding',
    'all',
    '--clusterrole=cluster-admin',
    '--serviceaccount=default:default',
  );
  await kubectl('create', 'clusterrolebinding', 'open', '--clusterrole=view', '--user=system:anonymous');
  const spec = { containers: [{ name: 'p', image: 'example.com/none', securityContext: { privileged: true } }] };
  await kubectl('run', 'p', '--image=example.com/none', `--overrides=${JSON.stringify({ apiVersion: 'v1', spec })}`);
  const { code, failed, found } = await report();
  expect(failed).toEqual(['1.1.13', '1.1.21', '1.2.1', '5.1.1', '5.1.5', '5.2.2']);
  expect(code).toBe(1);
  expect(found.find(({ id }) => id === '1.1.13')?.remedy).toBe(`chmod 600 ${key}`);
  expect(found.find(({ id }) => id === '1.2.1')?.found).toMatch(/\/api\/v1\/pods \(200\)/u);
  chmodSync(key, mode);
  await kubectl('delete', 'clusterrolebinding', 'all', 'open');
  await kubectl('delete', 'pod', 'p', '--now');
  expect((await report()).failed).toEqual([]);
});

test('sections and verdicts can be chosen, wrong ones are refused, and a pipe gets no progress', async () => {
  const { found } = await report('4.2', '--only', 'pass,fail');
  expect(found.length).toBeGreaterThan(5);
  expect(found.every(({ id, verdict }) => id.startsWith('4.2.') && verdict === 'pass')).toBe(true);
  expect(await cluster.coracle('audit', '9.9')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no check or section 9.9') as string,
  });
  expect(await cluster.coracle('audit', '--only', 'bad')).toMatchObject({ code: 2 });
  const text = await cluster.coracle('audit', '1.2.6');
  expect(text.stdout).toMatch(/^PASS 1\.2\.6 Not everything is allowed\n {11}\S.*\n$/u);
});

test('with an audit policy the log’s checks pass; a cluster that is down is not judged', async () => {
  const policy = join(cluster.folder, 'policy.yaml');
  writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n');
  await cluster.coracle('down');
  expect(await cluster.coracle('audit')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not running') as string,
  });
  expect(await cluster.coracle('user', 'add', 'ann', '--role', 'view')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not running') as string,
  });
  expect((await cluster.up('--audit-policy', policy)).code).toBe(0);
  const { found } = await report('1.2', '3.2');
  const log = found.filter(({ id }) => ['1.2.16', '1.2.17', '1.2.18', '1.2.19', '3.2.1', '3.2.2'].includes(id));
  expect(log.map(({ verdict }) => verdict)).toEqual(Array(6).fill('pass'));
});

test('flags that no server could start with are refused, and not kept', async () => {
  await cluster.coracle('down');
  expect(await cluster.up('--authorization-mode', 'Foo')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the mode Foo is not one of') as string,
  });
  expect(await cluster.up('--admission-control-config-file', '/nowhere')).toMatchObject({ code: 2 });
  expect((await cluster.up()).code).toBe(0);
});

test('agents that outlive their server do not keep older settings', async () => {
  const [supervisor] = readFileSync('/run/coracle/audit/server.supervisor', 'utf8').split(' ').map(Number);
  process.kill(supervisor!, 'SIGTERM');
  await eventually('the server is gone', async () =>
    (await cluster.coracle('status', '--json')).stdout.includes('degraded'),
  );
  const kubelet = join(cluster.folder, 'kubelet.yaml');
  writeFileSync(kubelet, 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodPidsLimit: 200\n');
  expect((await cluster.up('--kubelet-config', kubelet)).code).toBe(0);
  const { stdout } = await run(clientProgram('kubectl'), ['get', '--raw', '/api/v1/nodes/audit-1/proxy/configz'], {
    env,
  });
  expect(JSON.parse(stdout)).toMatchObject({ kubeletconfig: { podPidsLimit: 200 } });
});
