import { afterEach, expect, test } from 'vitest';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { startTlsServer, type TlsServer } from '../../client/testing/tls-server.ts';
import { clusterInfo, signatureOf } from '../../controllers/bootstrap-token/token.ts';
import { publicKeyHash } from '../../pki/certificate.ts';
import { clusterInfoMap } from './cluster-info.ts';
import { discover, type DiscoveryOptions } from './discovery.ts';
import { serverOf } from './join.ts';
import { sharedSettings } from './node-config.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
let server: TlsServer;
afterEach(() => server?.close());

interface Shown {
  readonly status?: number;
  readonly data?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A server that shows what it is told to; by default itself, signed. */
async function show(change: (good: Readonly<Record<string, string>>) => Shown = (data) => ({ data })): Promise<void> {
  server = await startTlsServer(
    (_request, response) => {
      const content = clusterInfoMap({ server: server.url, authority: server.authority }).data?.[clusterInfo.key] ?? '';
      const good = { [clusterInfo.key]: content, [clusterInfo.signature(token.id)]: signatureOf(content, token) };
      const { status = 200, data, body = JSON.stringify({ data }) } = change(good);
      response.writeHead(status);
      response.end(body);
    },
    { http1: true },
  );
}

const ask = (change: Partial<DiscoveryOptions> = {}): ReturnType<typeof discover> =>
  discover({
    server: new URL(server.url),
    token,
    hash: publicKeyHash(server.authority),
    clock: systemClock,
    ...change,
  });

test('a cluster with that authority, signed with that token, is believed', async () => {
  await show();
  expect(await ask()).toEqual({ authority: server.authority, localAddress: '127.0.0.1' });
});

test('a clock that differs by more than certificates bear is named, with its side', async () => {
  await show();
  await expect(ask({ clock: new FakeClock(systemClock.now() + 3_600_000) })).rejects.toThrow(
    "this machine's clock is 60 minutes ahead of the server's",
  );
  await expect(ask({ clock: new FakeClock(systemClock.now() - 600_000) })).rejects.toThrow('10 minutes behind');
  await ask({ clock: new FakeClock(systemClock.now() - 60_000) });
});

test('an authority that was exchanged on the way is not believed, signed or not', async () => {
  await show();
  await expect(ask({ hash: `sha256:${'0'.repeat(64)}` })).rejects.toThrow('is another one: its hash is sha256:');
});

test('a content that was changed on the way does not bear its signature any more', async () => {
  await show((good) => ({ data: { ...good, [clusterInfo.key]: `${good[clusterInfo.key]} ` } }));
  await expect(ask()).rejects.toThrow('the second half of token abcdef is wrong');
});

test('a signature without a key is none', async () => {
  await show((good) => {
    const [, , mac = ''] = (good[clusterInfo.signature(token.id)] ?? '').split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: token.id })).toString('base64url');
    return { data: { ...good, [clusterInfo.signature(token.id)]: `${header}..${mac}` } };
  });
  await expect(ask()).rejects.toThrow('is wrong');
});

test.each<[string, Shown, string]>([
  ['who does not know the token', { data: {} }, 'shows no certificate authority'],
  ['who admits nobody', { status: 401 }, 'lets nobody read kube-public/cluster-info'],
  ['who has no such object', { status: 404, body: 'not here' }, 'has no kube-public/cluster-info: 404 not here'],
  ['who is no API server', { body: '<html>' }, 'is no API server: it sent no JSON'],
])('a server %s is described', async (_, shown, sentence) => {
  await show(() => shown);
  await expect(ask()).rejects.toThrow(sentence);
});

test('an address where nobody listens is named', async () => {
  await show();
  const gone = new URL(server.url);
  await server.close();
  await expect(ask({ server: gone })).rejects.toThrow(`nothing listens at ${gone.host}`);
});

test.each([
  ['192.0.2.1', 'https://192.0.2.1:6443'],
  ['192.0.2.1:7000', 'https://192.0.2.1:7000'],
  ['https://server.example:443/', 'https://server.example'],
  ['[2001:db8::1]:6443', 'https://[2001:db8::1]:6443'],
])('the address %s is %s', (text, origin) => {
  expect(serverOf(text).origin).toBe(origin);
});

test.each(['', 'a b', 'http://192.0.2.1', 'user@192.0.2.1', '192.0.2.1:6443/path'])('%j is no address', (text) => {
  expect(() => serverOf(text)).toThrow('is no address of an API server');
});

test('what the server says of the cluster is checked before it is used', () => {
  const good = {
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    loadBalancerPool: '10.150.0.0/24',
    clusterDomain: 'cluster.local',
    backend: 'vxlan',
    vni: '4096',
    version: '0.1.0',
  };
  expect(sharedSettings(good)).toEqual({ ...good, vni: 4096 });
  for (const [name, value] of Object.entries({ podCidr: 'x', backend: 'other', vni: '-1', clusterDomain: '$(id)' })) {
    expect(() => sharedSettings({ ...good, [name]: value })).toThrow(`has no good ${name}: ${JSON.stringify(value)}`);
  }
});
