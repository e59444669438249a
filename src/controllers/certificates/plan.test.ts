import { expect, test } from 'vitest';
import type { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import type { Node } from '../../api/core/node.ts';
import { servingVerdict, signers, takesNode, type Requested } from './plan.ts';

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
