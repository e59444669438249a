/** A certificate authority of one's own, and certificates so short-lived that they are renewed while we look. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProgram, run } from '../support/clients.ts';
import { eventually, testCluster } from '../support/cluster.ts';

const cluster = testCluster('certificates');
const file = (name: string): string => join(cluster.folder, name);
const pki = (name: string): string => join(cluster.folder, 'data', 'pki', name);

async function openssl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run('openssl', args);
  if (code !== 0) throw new Error(stderr);
}

const program = clientProgram('kubectl');
const kubectlOf = (kubeconfig: string, args: readonly string[]): ReturnType<typeof run> =>
  run(program, args, { env: { KUBECONFIG: kubeconfig } });

/** As the administrator of now: the certificate in the kubeconfig that `up` writes is the one of the start. */
function kubectl(...args: readonly string[]): ReturnType<typeof run> {
  return kubectlOf(file('files.kubeconfig'), args);
}

/** A kubeconfig that names the files, which are renewed. */
async function writeFilesKubeconfig(): Promise<void> {
  const { stdout } = await kubectlOf(cluster.kubeconfig, [
    'config',
    'view',
    '-o',
    'jsonpath={.clusters[0].cluster.server}',
  ]);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: stdout, 'certificate-authority': pki('ca.crt') } }],
    users: [{ name: 'u', user: { 'client-certificate': pki('admin.crt'), 'client-key': pki('admin.key') } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file('files.kubeconfig'), JSON.stringify(config));
}

/** The certificate that a server shows to new connections. */
function served(port: number, host = '127.0.0.1'): Promise<{ serial: string; issuer: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      const { serialNumber, issuer } = socket.getPeerCertificate();
      resolve({ serial: serialNumber, issuer: String(issuer.CN) });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

const periodSeconds = 60;

/** A root with an RSA key, and below it an authority with one of P-384, as a company's might be. */
beforeAll(async () => {
  writeFileSync(file('ca.cnf'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n');
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/O=Example AG/CN=Root',
    '-keyout',
    file('root.key'),
    '-out',
    file('root.crt'),
  );
  await openssl('ecparam', '-name', 'secp384r1', '-genkey', '-noout', '-out', file('ca.key'));
  await openssl(
    'req',
    '-new',
    '-key',
    file('ca.key'),
    '-subj',
    '/O=Example AG/CN=Cluster Authority',
    '-out',
    file('ca.csr'),
  );
  await openssl(
    'x509',
    '-req',
    '-in',
    file('ca.csr'),
    '-CA',
    file('root.crt'),
    '-CAkey',
    file('root.key'),
    '-CAcreateserial',
    '-days',
    '20',
    '-extfile',
    file('ca.cnf'),
    '-out',
    file('ca.crt'),
  );
  const { stdout } = await run('cat', [file('ca.crt'), file('root.crt')]);
  writeFileSync(file('chain.crt'), stdout);
});
afterAll(() => cluster.destroy());

test('an authority that can not be one is refused, and nothing is made', async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await cluster.up(...args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused('--ca-cert', file('chain.crt'))).toContain('--ca-cert and --ca-key go together');
  expect(await refused('--ca-cert', file('chain.crt'), '--ca-key', file('root.key'))).toContain(
    'the key does not belong',
  );
  expect(await refused('--ca-cert', file('ca.crt'), '--ca-key', file('ca.key'))).toContain('append it, up to the root');
  expect(await refused('--ca-cert', file('none.crt'), '--ca-key', file('ca.key'))).toContain('none.crt');
  expect(await refused('--certificate-validity-period', '5s')).toContain('a minute or more');
  expect((await cluster.coracle('status', '--json')).stdout).toContain('"absent"');
});

test('kubectl trusts a cluster whose certificates come from a company’s authority', async () => {
  const period = `${periodSeconds}s`;
  const { code, stderr } = await cluster.up(
    '--ca-cert',
    file('chain.crt'),
    '--ca-key',
    file('ca.key'),
    '--certificate-validity-period',
    period,
  );
  expect(code, stderr).toBe(0);
  await writeFilesKubeconfig();
  const { stdout } = await kubectlOf(cluster.kubeconfig, ['get', 'nodes']);
  expect(stdout).toMatch(/certificates-1 +Ready/u);
  expect(await cluster.coracle('audit', '1.2.25', '1.3.5')).toMatchObject({ code: 0 });
});

test('all certificates are renewed while everything runs, and nobody notices', async () => {
  const status = JSON.parse((await cluster.coracle('status', '--json')).stdout) as {
    endpoints: Record<string, string>;
  };
  const portOf = (name: string): number => Number(new URL(status.endpoints[name] ?? '').port);
  const ports = [portOf('api'), portOf('kubelet certificates-1'), portOf('ingress https')];
  const host = new URL(status.endpoints['kubelet certificates-1'] ?? '').hostname;
  const all = async (): Promise<readonly { serial: string; issuer: string }[]> =>
    Promise.all(ports.map((port, at) => served(port, at === 0 ? '127.0.0.1' : host)));
  const before = await all();
  expect(before.map(({ issuer }) => issuer)).toEqual(Array(3).fill('Cluster Authority'));
  expect(
    (await kubectl('run', 'box', '--image=busybox', '--command', '--', 'sh', '-c', 'echo hello; sleep 1000')).code,
  ).toBe(0);
  await eventually('the pod runs', async () => (await kubectl('get', 'pod', 'box')).stdout.includes('Running'));
  // The first ones end here; what still used them would be refused.
  await new Promise((resolve) => setTimeout(resolve, (periodSeconds + 10) * 1000));
  const after = await all();
  expect(after.filter(({ serial }, at) => serial === before[at]?.serial)).toEqual([]);
  expect((await kubectl('get', 'nodes')).stdout).toMatch(/certificates-1 +Ready/u);
  expect((await kubectl('logs', 'box')).stdout).toBe('hello\n');
  expect((await kubectl('exec', 'box', '--', 'echo', 'still')).stdout).toBe('still\n');
  expect((await kubectl('run', 'later', '--image=busybox', '--command', '--', 'sleep', '1000')).code).toBe(0);
  await eventually('a new pod runs', async () => (await kubectl('get', 'pod', 'later')).stdout.includes('Running'));
  const conditions = '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}';
  const node = JSON.parse((await kubectl('get', 'node', 'certificates-1', '-o', 'json')).stdout) as {
    metadata: { creationTimestamp: string };
  };
  const ready = (await kubectl('get', 'node', 'certificates-1', '-o', `jsonpath=${conditions}`)).stdout;
  expect(
    Date.parse(ready) - Date.parse(node.metadata.creationTimestamp),
    'the node was ready all the time',
  ).toBeLessThan(10_000);
});

test('the kubeconfig of the start has ended by now, and `up` writes a new one', async () => {
  const get = (): ReturnType<typeof run> => kubectlOf(cluster.kubeconfig, ['get', 'nodes']);
  expect((await get()).code).not.toBe(0);
  expect((await cluster.up()).code).toBe(0);
  expect((await get()).stdout).toContain('Ready');
});

test('tokens are signed with another key, and those of the older one count until it is retired', async () => {
  const keys = async (
    ...args: readonly string[]
  ): Promise<{ keys: { id: string; signs: boolean }[]; rewritten?: number }> =>
    JSON.parse((await cluster.coracle('signing-key', ...args, '--json')).stdout);
  const token = async (): Promise<string> => (await kubectl('create', 'token', 'default')).stdout.trim();
  const whoAmI = async (bearer: string): Promise<string> => {
    const { stdout } = await kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');
    const { stdout: answer } = await run('curl', [
      '-s',
      '--cacert',
      pki('ca.crt'),
      '-H',
      `Authorization: Bearer ${bearer}`,
      `${stdout}/api/v1/namespaces/default/pods`,
    ]);
    return (JSON.parse(answer) as { message: string }).message;
  };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/service-account-token',
    metadata: { name: 'endless', annotations: { 'kubernetes.io/service-account.name': 'default' } },
  };
  writeFileSync(file('secret.json'), JSON.stringify(secret));
  await kubectl('apply', '-f', file('secret.json'));
  const endless = async (): Promise<string> =>
    Buffer.from(
      (await kubectl('get', 'secret', 'endless', '-o', 'jsonpath={.data.token}')).stdout,
      'base64',
    ).toString();
  await eventually('the Secret has a token', async () => (await endless()) !== '');
  const known = expect.stringContaining('User "system:serviceaccount:default:default" cannot list') as string;

  const [before] = (await keys('ls')).keys;
  const [old, oldEndless] = [await token(), await endless()];
  const rotated = (await keys('rotate')).keys;
  expect(rotated.map(({ signs }) => signs)).toEqual([true, false]);
  expect(rotated[1]?.id).toBe(before?.id);
  const published = JSON.parse((await kubectl('get', '--raw', '/openid/v1/jwks')).stdout) as {
    keys: { kid: string }[];
  };
  expect(published.keys.map(({ kid }) => kid)).toEqual(rotated.map(({ id }) => id));
  expect([await whoAmI(old), await whoAmI(await token()), await whoAmI(oldEndless)]).toEqual([known, known, known]);

  expect(await cluster.coracle('signing-key', 'retire')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('pods may use tokens of older keys until') as string,
  });
  expect(await keys('retire', '--force')).toMatchObject({ keys: [{ id: rotated[0]?.id, signs: true }], rewritten: 1 });
  expect([await whoAmI(old), await whoAmI(oldEndless)]).toEqual(['Unauthorized', 'Unauthorized']);
  await eventually(
    'the Secret has a token of the new key',
    async () => (await endless()) !== '' && (await endless()) !== oldEndless,
  );
  expect([await whoAmI(await token()), await whoAmI(await endless())]).toEqual([known, known]);
  expect(await cluster.coracle('signing-key')).toMatchObject({ code: 2 });
  expect((await cluster.coracle('audit', '1.2.22')).stdout).toMatch(/^PASS/u);
});
