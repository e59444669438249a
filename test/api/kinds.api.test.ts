/** One plain object of each kind beside core and workloads: created, read in every version, changed, deleted. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../src/api/catalogue.ts';
import type { Kind } from '../../src/api/kind.ts';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;

beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.stop());

const service = { service: { name: 'web', port: { number: 80 } } };
const webhook = {
  name: 'check.example.com',
  clientConfig: { service: { namespace: 'default', name: 'web' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};
const rule = { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] };
const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n').toString(
  'base64',
);
const crdVersion = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };

/** By apiVersion and kind: the content, and the name where it matters. */
const samples: Readonly<Record<string, Record<string, unknown>>> = {
  'networking.k8s.io/v1 Ingress': {
    spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: service }] } }] },
  },
  'networking.k8s.io/v1 IngressClass': { spec: { controller: 'example.com/ingress' } },
  'networking.k8s.io/v1 NetworkPolicy': { spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] } },
  'networking.k8s.io/v1 IPAddress': {
    name: '10.96.7.7',
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  },
  'networking.k8s.io/v1 ServiceCIDR': { spec: { cidrs: ['10.200.0.0/16'] } },
  'rbac.authorization.k8s.io/v1 Role': { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  'rbac.authorization.k8s.io/v1 ClusterRole': { rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] },
  'rbac.authorization.k8s.io/v1 RoleBinding': {
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'ann' }],
  },
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': { roleRef: { kind: 'ClusterRole', name: 'r' } },
  'storage.k8s.io/v1 StorageClass': { provisioner: 'example.com/disk' },
  'storage.k8s.io/v1 CSIDriver': { spec: {} },
  'storage.k8s.io/v1 CSINode': { spec: { drivers: [{ name: 'd.example.com', nodeID: 'n' }] } },
  'storage.k8s.io/v1 CSIStorageCapacity': { storageClassName: 'fast', capacity: '1Gi' },
  'storage.k8s.io/v1 VolumeAttachment': {
    spec: { attacher: 'd.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
  },
  'storage.k8s.io/v1 VolumeAttributesClass': { driverName: 'd.example.com', parameters: { speed: 'high' } },
  'scheduling.k8s.io/v1 PriorityClass': { value: 10 },
  'node.k8s.io/v1 RuntimeClass': { handler: 'runc' },
  'coordination.k8s.io/v1 Lease': { spec: { holderIdentity: 'me' } },
  'discovery.k8s.io/v1 EndpointSlice': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n' }],
    ports: [{ port: 80 }],
  },
  'certificates.k8s.io/v1 CertificateSigningRequest': {
    spec: { request, signerName: 'example.com/signer', usages: ['client auth'] },
  },
  'admissionregistration.k8s.io/v1 MutatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration': { webhooks: [webhook] },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy': {
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] },
  },
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding': {
    spec: { policyName: 'p', validationActions: ['Audit'] },
  },
  'flowcontrol.apiserver.k8s.io/v1 FlowSchema': { spec: { priorityLevelConfiguration: { name: 'low' } } },
  'flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration': {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  },
  'resource.k8s.io/v1 DeviceClass': { spec: {} },
  'resource.k8s.io/v1 ResourceClaim': {
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
  },
  'resource.k8s.io/v1 ResourceClaimTemplate': { spec: { spec: { devices: {} } } },
  'resource.k8s.io/v1 ResourceSlice': {
    spec: { driver: 'd.example.com', pool: { name: 'p', resourceSliceCount: 1 }, nodeName: 'n' },
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': {
    name: 'tabs.example.com',
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'tabs', kind: 'Tab' }, versions: [crdVersion] },
  },
  'apiregistration.k8s.io/v1 APIService': {
    name: 'v7.example.com',
    spec: { group: 'example.com', version: 'v7', groupPriorityMinimum: 100, versionPriority: 10 },
  },
};

function pathOf(kind: Kind, name = ''): string {
  const namespace = kind.scope === 'Namespaced' ? '/namespaces/default' : '';
  return `/apis/${kind.group}/${kind.version}${namespace}/${kind.plural}${name === '' ? '' : `/${name}`}`;
}

const owners = [
  'networking.k8s.io',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'scheduling.k8s.io',
  'node.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'certificates.k8s.io',
  'admissionregistration.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
];
const stored = kinds.filter((kind) => owners.includes(kind.group) && kind.conversion === undefined);

describe.each(stored.map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))('%s', (key, kind) => {
  const { name: given, ...content } = samples[key] ?? {};
  const name = typeof given === 'string' ? given : 'one';
  const views = kinds.filter(
    ({ conversion }) => conversion?.storage.group === kind.group && conversion.storage.kind === kind.kind,
  );
  const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name }, ...content };

  test('is created, shown in all versions, changed and deleted', async () => {
    const created = await api.call('POST', `${pathOf(kind)}?fieldValidation=Strict`, object);
    expect([created.status, created.json.message]).toEqual([201, undefined]);
    const table = await api.call('GET', pathOf(kind, name), undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect([table.status, table.json.rows?.length]).toEqual([200, 1]);
    for (const view of views) {
      const seen = await api.call('GET', pathOf(view, name));
      expect(seen.json).toMatchObject({ apiVersion: view.apiVersion, kind: kind.kind, metadata: { name } });
      const back = await api.call('PUT', pathOf(view, name), seen.json);
      expect([back.status, back.json.message, back.json.metadata?.resourceVersion]).toEqual([
        200,
        undefined,
        seen.json.metadata.resourceVersion,
      ]);
      expect(back.headers['warning']).toContain(`${view.apiVersion} ${view.kind} is deprecated`);
    }
    const patch = { metadata: { labels: { a: 'b' } } };
    const patched = await api.call('PATCH', pathOf(kind, name), patch, {
      'content-type': 'application/merge-patch+json',
    });
    expect([patched.status, patched.json.metadata.labels]).toEqual([200, { a: 'b' }]);
    expect((await api.call('DELETE', pathOf(kind, name))).status).toBe(200);
  });
});

test('events of events.k8s.io are selected by their own field names', async () => {
  const events = '/apis/events.k8s.io/v1/namespaces/default/events';
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    eventTime: '2026-01-01T00:00:00.000000Z',
    type: 'Normal',
  };
  const told = { reason: 'Why', action: 'What', reportingController: 'example.com/me', reportingInstance: 'me-1' };
  for (const name of ['a', 'b']) {
    const regarding = { kind: 'Pod', namespace: 'default', name };
    const { status } = await api.call('POST', events, { ...event, ...told, metadata: { name }, regarding });
    expect(status).toBe(201);
  }
  const found = await api.call('GET', `${events}?fieldSelector=regarding.name=b`);
  expect(found.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b']);
  expect((await api.call('GET', `${events}?fieldSelector=involvedObject.name=b`)).status).toBe(400);
  const core = await api.call('GET', '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=b');
  expect(core.json.items).toHaveLength(1);
});

/** Texts: kubernetes pkg/apis/certificates/validation/validation.go. */
test('a signing request is approved through /approval only, and stays approved', async () => {
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const spec = { request, signerName: 'example.com/signer', usages: ['client auth'] };
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'ann' },
    spec,
  };
  const { json: made } = await api.call('POST', requests, object);
  const approved = { ...made, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Fine' }] } };
  const through = await api.call('PUT', `${requests}/ann/status`, approved);
  expect([through.status, through.json.message]).toEqual([
    422,
    'CertificateSigningRequest.certificates.k8s.io "ann" is invalid: status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  const { status, json } = await api.call('PUT', `${requests}/ann/approval`, approved);
  expect([status, json.status.conditions[0].type]).toEqual([200, 'Approved']);
  const labelled = await api.call(
    'PATCH',
    `${requests}/ann/approval`,
    { metadata: { annotations: { seen: 'true' } }, spec: { signerName: 'ignored' } },
    { 'content-type': 'application/merge-patch+json' },
  );
  expect(labelled.json).toMatchObject({ metadata: { annotations: { seen: 'true' } }, spec, status: json.status });
  const back = await api.call('PUT', `${requests}/ann/approval`, { ...labelled.json, status: { conditions: [] } });
  expect(back.json.details.causes[0].message).toBe('Forbidden: updates may not remove a condition of type "Approved"');
});
