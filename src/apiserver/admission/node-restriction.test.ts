/** What a node may ask for beside its pods and itself: tokens, slices of devices, certificates. */
import { beforeEach, expect, test } from 'vitest';
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { ResourceSlice } from '../../api/resource/resource-slice.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { Attributes, Authorizer } from '../access.ts';
import { StatusError } from '../errors.ts';
import { objectReader } from '../object-reader.ts';
import { Resources } from '../registry/resources.ts';
import { kinds } from '../../api/catalogue.ts';
import { checkToken } from './node-tokens.ts';
import { nodeUser, podOf, refusalOf, startFixture, type Fixture } from './testing/fixture.ts';
import type { AdmissionRequest } from '../access.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
let fixture: Fixture;
let asked: Attributes[];
let granted: boolean;
const authorizer: Authorizer = {
  authorize(attributes) {
    asked.push(attributes);
    return { verdict: granted ? 'allow' : 'no-opinion', reason: '' };
  },
};

beforeEach(async () => {
  asked = [];
  granted = false;
  fixture = await startFixture();
});

/** What is said to node n when it asks for a token of pod p for these audiences. */
async function tokenRefusal(...audiences: readonly string[]): Promise<string> {
  const pod = await fixture.api.get(Pod, { namespace: 'a', name: 'p' });
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata.uid };
  const request: AdmissionRequest = {
    operation: 'CREATE',
    kind: ServiceAccount,
    subresource: 'token',
    namespace: 'a',
    name: 'default',
    user: nodeUser('n'),
    dryRun: false,
    object: { spec: { audiences, boundObjectRef } },
    options: {},
    warn: () => {},
    annotate: () => {},
  };
  const reader = objectReader(fixture.store, new Resources(kinds));
  try {
    await checkToken(request, 'n', { reader, authorizer });
    return '';
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
}

const projected = (...audiences: readonly string[]): object => ({
  name: 'tokens',
  projected: { sources: audiences.map((audience) => ({ serviceAccountToken: { path: audience, audience } })) },
});

test('tokens are for audiences that the pod names, or the node was granted', async () => {
  await fixture.api.create(Pod, podOf({ nodeName: 'n', volumes: [projected('vault')] }));
  expect(await tokenRefusal()).toBe('');
  expect(await tokenRefusal('vault')).toBe('');
  expect(asked).toEqual([]);
  expect(await tokenRefusal('bank')).toBe(
    'serviceaccounts "default" is forbidden: audience "bank" not found in pod spec volume, system:node:n is not authorized to request tokens for this audience',
  );
  expect(asked).toMatchObject([
    {
      verb: 'request-serviceaccounts-token-audience',
      resource: { group: '', resource: 'bank', namespace: 'a', name: 'default' },
    },
  ]);
  granted = true;
  expect(await tokenRefusal('bank')).toBe('');
  expect(await tokenRefusal('vault', 'bank')).toBe(
    'serviceaccounts "default" is forbidden: node may only request 0 or 1 audiences',
  );
});

test('a pod without a token has none for its node either', async () => {
  await fixture.api.create(Pod, podOf({ nodeName: 'n', automountServiceAccountToken: false }));
  expect(await tokenRefusal()).toContain('audience "" not found in pod spec volume');
});

test('tokens that a CSI driver wants for its volumes', async () => {
  const driver = (name: string, audience: string): object => ({
    metadata: { name },
    spec: { tokenRequests: [{ audience }] },
  });
  await fixture.api.create(CSIDriver, driver('inline.example.com', 'inline'));
  await fixture.api.create(CSIDriver, driver('claimed.example.com', 'claimed'));
  const resources = { requests: { storage: '1Gi' } };
  await fixture.api.create(PersistentVolume, {
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'claimed.example.com', volumeHandle: 'h' },
    },
  });
  for (const name of ['c', 'p-scratch']) {
    await fixture.api.create(PersistentVolumeClaim, {
      metadata: { name, namespace: 'a' },
      spec: { accessModes: ['ReadWriteOnce'], resources, volumeName: 'v' },
    });
  }
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources } };
  const volumes: readonly (readonly [object, string])[] = [
    [{ csi: { driver: 'inline.example.com' } }, 'inline'],
    [{ persistentVolumeClaim: { claimName: 'c' } }, 'claimed'],
    [{ ephemeral: { volumeClaimTemplate: template } }, 'claimed'],
  ];
  for (const [volume, audience] of volumes) {
    await fixture.api.create(Pod, podOf({ nodeName: 'n', volumes: [{ name: 'scratch', ...volume }] }));
    expect(await tokenRefusal(audience)).toBe('');
    expect(await tokenRefusal('other')).toContain('audience "other" not found in pod spec volume');
    await fixture.api.delete(Pod, { namespace: 'a', name: 'p' }, { gracePeriodSeconds: 0 });
  }
});

test('slices of devices are its own', async () => {
  const slice = (nodeName: string): object => ({
    metadata: { name: 's' },
    spec: { driver: 'd.example.com', nodeName, pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [] },
  });
  const [own, other] = [fixture.as(nodeUser('n')), fixture.as(nodeUser('m'))];
  expect(await refusalOf(other.create(ResourceSlice, slice('n')))).toBe(
    'resourceslices.resource.k8s.io "s" is forbidden: can only create ResourceSlice with the same NodeName as the requesting node',
  );
  expect(await refusalOf(own.create(ResourceSlice, slice('n')))).toBe('');
  expect(await refusalOf(other.delete(ResourceSlice, { name: 's' }))).toBe(
    'resourceslices.resource.k8s.io "s" is forbidden: can only delete ResourceSlice with the same NodeName as the requesting node',
  );
  expect(await refusalOf(own.delete(ResourceSlice, { name: 's' }))).toBe('');
});

test('certificates are of its own name', async () => {
  const long = `n${'x'.repeat(200)}`;
  const ask = async (commonName: string, signerName: string, as = 'n'): Promise<string> => {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const name = [{ O: ['system:nodes'] }, { CN: [commonName] }];
    const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
    const request = made.toString('pem');
    return refusalOf(
      fixture.as(nodeUser(as)).create(CertificateSigningRequest, {
        metadata: { generateName: 'r' },
        spec: { request: Buffer.from(request).toString('base64'), signerName, usages: ['client auth'] },
      }),
    );
  };
  const refused = 'can only create a node CSR with CN=system:node:n';
  for (const signer of ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']) {
    expect(await ask('system:node:m', signer)).toContain(refused);
    expect(await ask('ann', signer)).toContain(refused);
    expect(await ask('system:node:n', signer)).toBe('');
    expect(await ask(`system:node:${long}`, signer, long)).toBe('');
  }
  expect(await ask('ann', 'example.com/own')).toBe('');
});

test('a Node that names owners would be deleted when they are not there', async () => {
  await fixture.as(nodeUser('n')).create(Node, { metadata: { name: 'n' } });
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'gone', uid: 'gone' }];
  const patch = fixture
    .as(nodeUser('n'))
    .patch(Node, { name: 'n' }, { metadata: { ownerReferences } }, { type: 'merge' });
  expect(await refusalOf(patch)).toBe('nodes "n" is forbidden: node "n" is not allowed to modify ownerReferences');
});

test('mirrors of static pods claim no devices', async () => {
  const { metadata } = await fixture.as(nodeUser('n')).create(Node, { metadata: { name: 'n' } });
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: metadata.uid, controller: true };
  const mirror = podOf(
    {
      nodeName: 'n',
      automountServiceAccountToken: false,
      resourceClaims: [{ name: 'd', resourceClaimName: 'theirs' }],
    },
    { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] },
  );
  expect(await refusalOf(fixture.as(nodeUser('n')).create(Pod, mirror))).toBe(
    'pods "p" is forbidden: node "n" can not create pods that reference resourceclaims',
  );
});
