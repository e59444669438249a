import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, preciseTimestamp } from '../base/clock.ts';
import { inClusterAccess } from './in-cluster.ts';
import { kubeconfigToWrite, removeKubeconfigEntry, writeKubeconfigEntry } from './kubeconfig-file.ts';
import { accessFrom, kubeconfigPaths, KubeconfigError, loadKubeconfig } from './kubeconfig.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, text?: string): string => {
  const path = join(directory, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
const clock = new FakeClock();
const options = { clock, environment: {} };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const work = `# my clusters
apiVersion: v1
kind: Config
current-context: work
clusters:
- name: work
  cluster:
    server: https://work.example:6443   # behind the VPN
    certificate-authority: ca.pem
contexts:
- name: work
  context: {cluster: work, user: me, namespace: team}
users:
- name: me
  user:
    token: abc
preferences: {colors: true}
`;

describe('reading', () => {
  test('KUBECONFIG lists files, --kubeconfig is one, and ~/.kube/config is the default', () => {
    expect(kubeconfigPaths({ KUBECONFIG: '/a::/b:/a', HOME: '/home/me' })).toEqual(['/a', '/b']);
    expect(kubeconfigPaths({ KUBECONFIG: '/a' }, '/explicit')).toEqual(['/explicit']);
    expect(kubeconfigPaths({ HOME: '/home/me' })).toEqual(['/home/me/.kube/config']);
  });

  test('a context leads to server, authority, namespace and credentials; paths are relative to the file', async () => {
    file('ca.pem', 'the authority');
    const access = await accessFrom(await loadKubeconfig([file('config', work)]), options);
    expect(access).toMatchObject({ server: 'https://work.example:6443', namespace: 'team' });
    expect(String(access.certificateAuthority)).toBe('the authority');
    expect(await access.credentials.token()).toBe('abc');
  });

  test('of several files the first to name an entry wins, and missing ones count as empty', async () => {
    const other = file('other', 'current-context: other\nclusters: [{name: work, cluster: {server: "https://x"}}]\n');
    const config = await loadKubeconfig([file('missing'), other, file('config', work)]);
    expect(config.currentContext).toBe('other');
    expect(config.clusters.get('work')?.server).toBe('https://x');
    expect(config.users.has('me')).toBe(true);
  });

  test('certificate data becomes PEM', async () => {
    const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    const config = {
      currentContext: 'c',
      clusters: new Map([['c', { server: 'https://x', 'certificate-authority-data': base64('CA') }]]),
      users: new Map([['c', user]]),
      contexts: new Map([['c', { cluster: 'c', user: 'c' }]]),
    };
    const access = await accessFrom(config, options);
    const { certificate, key } = await access.credentials.tls();
    expect([access.certificateAuthority, certificate, key].map(String)).toEqual(['CA', 'CERT', 'KEY']);
  });

  test.each([
    ['clusters: [', /config is not valid YAML: .*; repair it or move it away/],
    ['just text', /is not a kubeconfig/],
    ['clusters: {a: b}', /"clusters" must be a list of named entries/],
  ])('%s is refused with a sentence', async (text, message) => {
    await expect(loadKubeconfig([file('config', text)])).rejects.toThrow(message);
  });

  test('a context that leads nowhere is refused with a sentence', async () => {
    const config = await loadKubeconfig([file('config', work)]);
    await expect(accessFrom({ ...config, currentContext: undefined }, options)).rejects.toThrow(
      /names no current context/,
    );
    await expect(accessFrom(config, { ...options, context: 'home' })).rejects.toThrow(
      'the kubeconfig has no context "home"',
    );
    await expect(accessFrom({ ...config, clusters: new Map() }, options)).rejects.toThrow(KubeconfigError);
  });
});

test.each([
  [{ 'proxy-url': 'http://proxy' }, {}, 'context "c" goes through a proxy (proxy-url), which is not supported'],
  [{}, { 'auth-provider': { name: 'gcp' } }, 'context "c" uses an auth-provider; those were replaced by exec plugins'],
  [{}, { username: 'me', password: 'x' }, /uses a password, which Kubernetes no longer accepts/],
])('what is not supported is said: %j %j', async (cluster, user, message) => {
  const config = {
    currentContext: 'c',
    clusters: new Map([['c', { server: 'https://x', ...cluster }]]),
    users: new Map([['c', user]]),
    contexts: new Map([['c', { cluster: 'c', user: 'c' }]]),
  };
  await expect(accessFrom(config, options)).rejects.toThrow(message);
});

describe('credential plugins', () => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'login',
    args: ['now'],
    env: [{ name: 'A', value: 'b' }],
    provideClusterInfo: true,
  };
  const answer = (status: object): string =>
    JSON.stringify({ apiVersion: exec.apiVersion, kind: 'ExecCredential', status });
  const accessWith = (launch: (command: string, args: readonly string[], environment: object) => Promise<string>) => {
    const config = {
      currentContext: 'c',
      clusters: new Map([['c', { server: 'https://x' }]]),
      users: new Map([['c', { exec }]]),
      contexts: new Map([['c', { cluster: 'c', user: 'c' }]]),
    };
    return accessFrom(config, { clock, environment: { PATH: '/bin' }, launch });
  };

  test('are asked once, with what they need to know, and again when the credential expires or is refused', async () => {
    const asked: unknown[] = [];
    let count = 0;
    const { credentials } = await accessWith((command, args, environment) => {
      asked.push([command, args, environment]);
      count += 1;
      const expires = preciseTimestamp(clock.now() + 60_000);
      return Promise.resolve(answer({ token: `t${count}`, expirationTimestamp: expires }));
    });
    expect(await credentials.token()).toBe('t1');
    expect(await credentials.token()).toBe('t1');
    await clock.advance(60_000);
    expect(await credentials.token()).toBe('t2');
    expect(credentials.refused()).toBe(true);
    expect(await credentials.token()).toBe('t3');
    const info = {
      apiVersion: exec.apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://x' } },
    };
    expect(asked[0]).toEqual(['login', ['now'], { PATH: '/bin', A: 'b', KUBERNETES_EXEC_INFO: JSON.stringify(info) }]);
  });

  test.each([
    ['not json', /credential plugin login failed: it printed no ExecCredential/],
    [
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1beta1', status: {} }),
      /answered in .*v1beta1 instead of/,
    ],
    [answer({}), /neither a token nor a certificate/],
  ])('that answer %s are named', async (output, message) => {
    const { credentials } = await accessWith(() => Promise.resolve(output));
    await expect(credentials.token()).rejects.toThrow(message);
  });
});

describe('writing', () => {
  const entry = {
    name: 'coracle',
    server: 'https://127.0.0.1:6443',
    certificateAuthority: 'CA',
    certificate: 'CERT',
    key: 'KEY',
  };

  test('makes the file and its directory, for their owner alone', async () => {
    const path = join(directory, 'home', '.kube', 'config');
    await writeKubeconfigEntry(path, entry);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const access = await accessFrom(await loadKubeconfig([path]), options);
    expect(access.server).toBe(entry.server);
    expect(String((await access.credentials.tls()).certificate)).toBe('CERT');
  });

  test('leaves everything of others as it was: comments, unknown fields, their order', async () => {
    const path = file('config', work);
    chmodSync(path, 0o644);
    await writeKubeconfigEntry(path, entry);
    await writeKubeconfigEntry(path, { ...entry, server: 'https://127.0.0.1:7443' });
    const text = readFileSync(path, 'utf8');
    for (const part of ['# my clusters', '# behind the VPN', 'colors: true', 'token: abc'])
      expect(text).toContain(part);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const config = await loadKubeconfig([path]);
    expect(config.currentContext).toBe('coracle');
    expect([...config.clusters.keys()]).toEqual(['work', 'coracle']);
    expect(config.clusters.get('coracle')?.server).toBe('https://127.0.0.1:7443');
  });

  test('through a symbolic link changes what it points to', async () => {
    const target = file('real', work);
    symlinkSync(target, join(directory, 'link'));
    await writeKubeconfigEntry(join(directory, 'link'), entry);
    expect(lstatSync(join(directory, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toContain('coracle');
  });

  test('refuses a broken file instead of replacing it', async () => {
    const path = file('config', 'clusters: [');
    await expect(writeKubeconfigEntry(path, entry)).rejects.toThrow(/is not valid YAML.*repair it or move it away/);
    expect(readFileSync(path, 'utf8')).toBe('clusters: [');
  });

  // KUBECONFIG=/dev/null once cost the machine its /dev/null: the file was renamed over it. A pipe was read for ever.
  test('refuses to replace what is no file', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, directory]) {
      await expect(writeKubeconfigEntry(path, entry)).rejects.toThrow(`${path} is not a regular file`);
    }
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  test('can be undone', async () => {
    const path = file('config', work);
    await writeKubeconfigEntry(path, entry);
    await removeKubeconfigEntry(path, 'coracle');
    const config = await loadKubeconfig([path]);
    expect([...config.clusters.keys(), ...config.users.keys(), ...config.contexts.keys()]).toEqual([
      'work',
      'me',
      'work',
    ]);
    expect(config.currentContext).toBeUndefined();
    await removeKubeconfigEntry(file('missing'), 'coracle');
  });

  test('goes to the first file that exists, else to the last', () => {
    const present = file('present', '');
    expect(kubeconfigToWrite([file('a'), present, file('b')])).toBe(present);
    expect(kubeconfigToWrite([file('a'), file('b')])).toBe(file('b'));
  });
});

describe('in a pod', () => {
  test('the service account leads to the API server, and its token is read again', async () => {
    mkdirSync(file('sa'));
    for (const [name, text] of [
      ['ca.crt', 'CA'],
      ['token', 'one\n'],
      ['namespace', 'team'],
    ] as const)
      file(`sa/${name}`, text);
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const access = await inClusterAccess({ clock, environment, directory: file('sa') });
    expect(access).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'team' });
    expect(await access.credentials.token()).toBe('one');
    file('sa/token', 'two\n');
    expect(await access.credentials.token()).toBe('one');
    await clock.advance(60_000);
    expect(await access.credentials.token()).toBe('two');
  });

  test('outside of one it says so', async () => {
    await expect(inClusterAccess({ clock, environment: {} })).rejects.toThrow(/does not run in a pod/);
  });
});
