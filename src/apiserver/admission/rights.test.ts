/** Plugins that demand rights beyond that of the request itself: certificate requests, owners; and NamespaceExists. */
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterEach, describe, expect, test } from 'vitest';
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import type { Attributes, Authorizer } from '../access.ts';
import { refusalOf, startFixture, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
let asked: Attributes[] = [];
/** Rights that nobody has but those who have everything: `verb resource[/subresource] name`. */
let withheld: readonly string[] = [];

const textOf = ({ verb, resource }: Attributes): string =>
  [verb, [resource?.resource, resource?.subresource].filter((part) => part !== '').join('/'), resource?.name]
    .join(' ')
    .trim();

const authorizer: Authorizer = {
  authorize(attributes) {
    asked.push(attributes);
    const free = attributes.user.groups.includes('system:masters') || !withheld.includes(textOf(attributes));
    return free ? { verdict: 'allow', reason: '' } : { verdict: 'no-opinion', reason: 'not given' };
  },
};

const ann = { username: 'ann', groups: ['system:authenticated'] };

afterEach(() => {
  asked = [];
  withheld = [];
});

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const signerName = 'example.com/own';

async function makeRequest(organizations: readonly string[], signer = signerName): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const name = [...organizations.map((each) => ({ O: [each] })), { CN: ['bob'] }];
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
  const request = made.toString('pem');
  return refusalOf(
    fixture.as(ann).create(CertificateSigningRequest, {
      metadata: { name: 'r' },
      spec: { request: Buffer.from(request).toString('base64'), signerName: signer, usages: ['client auth'] },
    }),
  );
}

/** PUTs status or approval with these additions, as ann. */
async function change(subresource: 'approval' | 'status', status: object): Promise<string> {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests/r';
  const present = await fixture.api.get(CertificateSigningRequest, { name: 'r' });
  const answer = await fixture.as(ann).request({
    method: 'PUT',
    path: `${path}/${subresource}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...present,
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      status,
    }),
  });
  const { message = '' } = JSON.parse(Buffer.from(answer.body).toString()) as { message?: string };
  return answer.status < 300 ? '' : message;
}

const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] };
const failed = { conditions: [{ type: 'Failed', status: 'True', reason: 'r', message: 'm' }] };

describe('certificate signing requests', () => {
  test('are approved by those who may approve for the signer, or for all of its domain', async () => {
    fixture = await startFixture({ authorizer });
    expect(await makeRequest([])).toBe('');
    withheld = ['approve signers example.com/own', 'approve signers example.com/*'];
    expect(await change('approval', approved)).toBe(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "example.com/own"',
    );
    withheld = ['approve signers example.com/own'];
    expect(await change('approval', approved)).toBe('');
    expect(asked.filter(({ verb }) => verb === 'approve').map(textOf)).toContain('approve signers example.com/*');
  });

  test('are signed, and failed, by those who may sign for the signer; other parts of the status need no such right', async () => {
    fixture = await startFixture({ authorizer });
    expect(await makeRequest([])).toBe('');
    withheld = ['sign signers example.com/own', 'sign signers example.com/*'];
    const refused =
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/own"';
    expect(await change('status', failed)).toBe(refused);
    expect(await change('status', {})).toBe('');
    withheld = ['sign signers example.com/own'];
    expect(await change('status', failed)).toBe('');
  });

  test('for clients of the API server may not name the group of administrators', async () => {
    fixture = await startFixture({ authorizer });
    const client = 'kubernetes.io/kube-apiserver-client';
    expect(await makeRequest(['dev', 'system:masters'], client)).toBe(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
    expect(await makeRequest(['system:master'], client)).toBe('');
    await fixture.api.delete(CertificateSigningRequest, { name: 'r' });
    expect(await makeRequest(['system:masters'])).toBe('');
  });

  test('are nobody’s to guard when the plugins are switched off', async () => {
    const disable = ['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction'];
    fixture = await startFixture({ authorizer, disable });
    withheld = ['approve signers example.com/own', 'approve signers example.com/*'];
    expect(await makeRequest(['system:masters'], 'kubernetes.io/kube-apiserver-client')).toBe('');
    expect(await change('approval', approved)).toBe('');
  });
});

describe('OwnerReferencesPermissionEnforcement', () => {
  const owner = (more: object = {}): object => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'o',
    uid: 'u',
    ...more,
  });
  const make = (name: string, ...ownerReferences: readonly object[]): Promise<string> =>
    refusalOf(fixture.as(ann).create(ConfigMap, { metadata: { name, namespace: 'a', ownerReferences } }));
  const enable = ['OwnerReferencesPermissionEnforcement'];

  test('owners are given by those who may delete the object', async () => {
    fixture = await startFixture({ authorizer, enable });
    withheld = ['delete configmaps'];
    expect(await make('free')).toBe('');
    expect(await make('owned', owner())).toBe(
      'configmaps "owned" is forbidden: cannot set an ownerRef on a resource you can\'t delete: not given, <nil>',
    );
    withheld = ['delete configmaps free'];
    expect(await make('owned', owner())).toBe('');
    const patch = { metadata: { ownerReferences: [owner()] } };
    expect(
      await refusalOf(fixture.as(ann).patch(ConfigMap, { namespace: 'a', name: 'free' }, patch, { type: 'merge' })),
    ).toMatch(/cannot set an ownerRef/u);
  });

  test('owners are made to wait by those who may change their finalizers', async () => {
    fixture = await startFixture({ authorizer, enable });
    withheld = ['update replicasets/finalizers o'];
    expect(await make('plain', owner())).toBe('');
    expect(await make('waits', owner({ blockOwnerDeletion: true }))).toBe(
      'configmaps "waits" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: not given, <nil>',
    );
    expect(await make('unknown', owner({ kind: 'Nothing', blockOwnerDeletion: true }))).toBe(
      'configmaps "unknown" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nothing: no matches for kind "Nothing" in version "apps/v1"',
    );
    const [finalizers] = asked.filter(({ resource }) => resource?.subresource === 'finalizers');
    expect(finalizers?.resource).toMatchObject({ group: ReplicaSet.group, namespace: 'a', name: 'o' });
    withheld = [];
    expect(await make('waits', owner({ blockOwnerDeletion: true }))).toBe('');
  });

  test('what does not change is not asked about', async () => {
    fixture = await startFixture({ authorizer, enable });
    expect(await make('kept', owner({ blockOwnerDeletion: true }))).toBe('');
    withheld = ['delete configmaps kept', 'update replicasets/finalizers o'];
    const place = { namespace: 'a', name: 'kept' };
    expect(await refusalOf(fixture.as(ann).patch(ConfigMap, place, { data: { a: 'b' } }, { type: 'merge' }))).toBe('');
  });

  test('is off by default', async () => {
    fixture = await startFixture({ authorizer });
    withheld = ['delete configmaps'];
    expect(await make('owned', owner())).toBe('');
  });
});

describe('NamespaceExists', () => {
  test('refuses what belongs to no namespace, alone as well', async () => {
    const make = (): Promise<string> =>
      refusalOf(fixture.api.create(ConfigMap, { metadata: { name: 'c', namespace: 'nowhere' } }));
    fixture = await startFixture({ enable: ['NamespaceExists'], disable: ['NamespaceLifecycle'] });
    expect(await make()).toBe('namespaces "nowhere" not found');
    fixture = await startFixture({ disable: ['NamespaceLifecycle'] });
    expect(await make()).toBe('');
  });
});
