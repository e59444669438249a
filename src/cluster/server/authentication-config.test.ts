import { beforeAll, expect, it } from 'vitest';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import { seededRandom } from '../../base/random.ts';
import { Simulation } from '../../controllers/testing/simulation.ts';
import { createAuthority } from '../../pki/certificate.ts';
import { authenticationPublisher, published, type AuthenticationConfig } from './authentication-config.ts';

const now = 1_767_225_600_000;
const year = 365 * 24 * 3_600_000;
const authority = async (name: string, until: number): Promise<string> =>
  (await createAuthority(name, { from: now - 2 * year, until }, seededRandom(name.length))).certificate;

let own: AuthenticationConfig;
beforeAll(async () => {
  own = {
    clientAuthority: await authority('kubernetes', now + year),
    frontProxyAuthority: await authority('front-proxy-ca', now + year),
    allowedNames: ['front-proxy-client'],
  };
});

it('publishes what upstream publishes, under its names', () => {
  expect(published({}, own, now)).toEqual({
    'client-ca-file': own.clientAuthority,
    'requestheader-client-ca-file': own.frontProxyAuthority,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  });
});

it('keeps what others have published, but for certificates that have ended and what is damaged', async () => {
  const [other, ended] = [await authority('other', now + year), await authority('ended', now - 1)];
  const present = {
    'client-ca-file': `${ended}${other}${own.clientAuthority}`,
    'requestheader-allowed-names': '["other-proxy"]',
    'requestheader-group-headers': 'damaged',
    foreign: 'kept',
  };
  expect(published(present, own, now)).toMatchObject({
    'client-ca-file': `${own.clientAuthority}${other}`,
    'requestheader-allowed-names': '["front-proxy-client","other-proxy"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    foreign: 'kept',
  });
});

it('writes it at the start, and again when somebody deletes or spoils it', async () => {
  const simulation = new Simulation({
    nodes: 0,
    start: now,
    controllers: (deps) => [authenticationPublisher({ ...deps, logger: deps.logger, read: () => own })],
  });
  const ref = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
  const data = (): ConfigMap['data'] =>
    simulation.client.all(ConfigMap).find(({ metadata }) => metadata.name === ref.name)?.data;
  simulation.client.seed(Namespace, { metadata: { name: 'kube-system' } });
  await simulation.run(10);
  expect(data()).toEqual(published({}, own, now));
  await simulation.client.delete(ConfigMap, ref);
  await simulation.run(10);
  expect(data()).toEqual(published({}, own, now));
  await simulation.client.patch(ConfigMap, ref, { data: { 'client-ca-file': null } }, { type: 'merge' });
  await simulation.run(10);
  expect(data()).toEqual(published({}, own, now));
  await simulation.stop();
});
