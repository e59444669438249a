import { expect, test } from 'vitest';
import type { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import type { Node } from '../../api/core/node.ts';
import { parseTimestamp } from '../../base/clock.ts';
import {
  approvalRights,
  grantedFor,
  removalTime,
  servingVerdict,
  signers,
  takesNode,
  validityOf,
  type Requested,
} from './plan.ts';

const node = (name: string, ...addresses: readonly string[]): Node =>
  ({
    metadata: { name },
    status: {
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
    },
  }) as unknown as Node;

const requestOf = (username: string, signerName: string, groups: readonly string[] = ['system:nodes']) =>
  ({ spec: { username, signerName, groups, request: '' } }) as unknown as CertificateSigningRequest;

const asked = (name: string, dnsNames: readonly string[] = [], addresses: readonly string[] = []): Requested => ({
  commonName: `system:node:${name}`,
  organizations: ['system:nodes'],
  dnsNames,
  addresses,
  emails: [],
  uris: [],
});

const nodes = [node('one', '192.0.2.1'), node('two', '192.0.2.2')];

test.each([
  ['its own name and address', asked('two', ['two'], ['192.0.2.2']), 'approve'],
  ['an address that its Node does not have yet', asked('two', ['two'], ['192.0.2.9']), 'wait'],
  ['a name of its own invention', asked('two', ['kubernetes.default'], ['192.0.2.2']), 'wait'],
  ["another node's address", asked('two', ['two'], ['192.0.2.1']), 'leave'],
  ["another node's name", asked('two', ['one'], ['192.0.2.2']), 'leave'],
  ['a node that does not exist yet', asked('three', ['three'], ['192.0.2.3']), 'wait'],
])('a serving certificate for %s', (_, requested, verdict) => {
  const username = requested.commonName;
  expect(servingVerdict(requestOf(username, signers.serving), requested, nodes)).toBe(verdict);
});

test('a serving certificate is for the node that asks, and for nodes only', () => {
  const requested = asked('two', ['two'], ['192.0.2.2']);
  expect(servingVerdict(requestOf('system:node:one', signers.serving), requested, nodes)).toBe('leave');
  expect(servingVerdict(requestOf('system:node:two', signers.serving, ['dev']), requested, nodes)).toBe('leave');
  expect(servingVerdict(requestOf('system:node:two', signers.kubelet), requested, nodes)).toBe('leave');
});

test('a bootstrap token brings new nodes, and is none of those that there are', () => {
  const token = requestOf('system:bootstrap:abcdef', signers.kubelet, ['system:bootstrappers']);
  expect(takesNode(token, asked('two'), nodes)).toBe(true);
  expect(takesNode(token, asked('three'), nodes)).toBe(false);
  expect(takesNode(requestOf('system:node:two', signers.kubelet), asked('two'), nodes)).toBe(false);
});

/** Texts are upstream's: pkg/apis/certificates/helpers.go and pkg/controller/certificates/signer. */
const bad = (signerName: string, usages: readonly string[], change: Partial<Requested> = {}): string => {
  const csr = { spec: { signerName, usages, request: '' } } as unknown as CertificateSigningRequest;
  try {
    grantedFor(csr, { ...asked('two'), ...change });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};
const serving = ['digital signature', 'key encipherment', 'server auth'];
const client = ['digital signature', 'key encipherment', 'client auth'];

test.each([
  [signers.kubelet, client, {}, ''],
  [signers.kubelet, ['client auth', 'digital signature'], {}, ''],
  [signers.kubelet, ['client auth'], {}, 'usages did not match [client auth digital signature key encipherment]'],
  [signers.kubelet, [...client, 'any'], {}, 'usages did not match [client auth digital signature key encipherment]'],
  [signers.kubelet, client, { organizations: ['dev'] }, 'subject organization is not system:nodes'],
  [signers.kubelet, client, { commonName: 'two' }, 'subject common name does not begin with system:node:'],
  [signers.kubelet, client, { dnsNames: ['two'] }, 'DNS subjectAltNames are not allowed'],
  [signers.kubelet, client, { addresses: ['192.0.2.2'] }, 'IP subjectAltNames are not allowed'],
  [signers.serving, serving, { dnsNames: ['two'] }, ''],
  [signers.serving, serving, {}, 'DNS or IP subjectAltName is required'],
  [signers.serving, serving, { dnsNames: ['two'], emails: ['a@b'] }, 'Email subjectAltNames are not allowed'],
  [
    signers.serving,
    client,
    { dnsNames: ['two'] },
    'usages did not match [digital signature key encipherment server auth]',
  ],
  [signers.client, ['client auth'], {}, ''],
  [signers.client, ['server auth', 'client auth'], {}, 'invalid usage for client certificate: server auth'],
  [signers.client, ['digital signature'], {}, 'missing required usage for client certificate: client auth'],
])('%s for %j with %j: %s', (signer, usages, change, message) => {
  expect(bad(signer, usages, change)).toBe(message);
});

test('a node that asks for itself may do so by its own right, or by that to ask for any', () => {
  const rights = (username: string): readonly string[] =>
    approvalRights(requestOf(username, signers.kubelet), asked('two')).map(({ subresource }) => subresource);
  expect(rights('system:node:two')).toEqual(['selfnodeclient', 'nodeclient']);
  expect(rights('system:bootstrap:abcdef')).toEqual(['nodeclient']);
});

test('a certificate is good from five minutes ago, and a long one for that much less', () => {
  const hours = (seconds?: number): number => {
    const spec = {
      signerName: signers.client,
      request: '',
      ...(seconds !== undefined && { expirationSeconds: seconds }),
    };
    const { from, until } = validityOf({ spec } as unknown as CertificateSigningRequest, 0);
    expect(from).toBe(-300_000);
    return until / 3_600_000;
  };
  expect([hours(3600), hours(86_400), hours()]).toEqual([1, 24 - 1 / 12, 8760 - 1 / 12]);
});

test.each<[string, readonly string[], string, number]>([
  ['nobody has decided', [], '', 24],
  ['was approved and is not signed', ['Approved'], '', Infinity],
  ['was signed', ['Approved'], 'PEM', 1],
  ['was denied', ['Denied'], '', 1],
  ['was approved, and its signer refused', ['Approved', 'Failed'], '', 1],
])('a request that %s is kept for so many hours', (_, types, certificate, hours) => {
  const creationTimestamp = '2026-01-01T00:00:00Z';
  const conditions = types.map((type) => ({ type, status: 'True', lastUpdateTime: creationTimestamp }));
  const csr = { metadata: { creationTimestamp }, status: { conditions, certificate } };
  const at = removalTime(csr as unknown as CertificateSigningRequest, undefined);
  expect((at - parseTimestamp(creationTimestamp)) / 3_600_000).toBe(hours);
});
