/**
 * What of an object may change, kind by kind, in the words of upstream v1.35. Each row names the function that says so.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, deployment, merge, pod, statusOf, strategic, type Target } from './target.ts';

let api: Target;
let namespace: string;
const made: string[] = [];

beforeAll(async () => {
  api = connect();
  namespace = await api.namespace();
});
afterAll(async () => {
  for (const path of made) await api.call('DELETE', path);
  await api.close();
});

type Json = Readonly<Record<string, unknown>>;

/** `/apis/GROUP/VERSION/RESOURCE`, or `.../*\/RESOURCE` in the namespace of the tests. */
function collection(path: string): string {
  return path.replace('*', `namespaces/${namespace}`);
}

/** Makes an object and changes it; answers with what is said of the change, or with what became of it. */
async function changed(path: string, name: string, object: Json, patch: Json, headers = merge) {
  const { metadata, ...content } = object as { metadata?: Json };
  const created = await api.call('POST', collection(path), { metadata: { ...metadata, name }, ...content });
  if (created.status !== 201) throw new Error(`${path} ${name}: ${created.text}`);
  if (!path.includes('*')) made.push(`${path}/${name}`);
  return api.call('PATCH', `${collection(path)}/${name}`, patch, headers);
}

const apps = '/apis/apps/v1/*';
const storage = '/apis/storage.k8s.io/v1';
const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'busybox:1' }] } };
const selector = { matchLabels: { app: 'x' } };
const other = { matchLabels: { app: 'x', b: 'c' } };
const both = { metadata: { labels: { app: 'x', b: 'c' } } };
const jobTemplate = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] } };
const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } };
const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } };
const core = 'kubernetes/pkg/apis/core/validation/validation.go';
const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' };
const sets = 'kubernetes/pkg/apis/apps/validation/validation.go';
const csi = 'kubernetes/pkg/apis/storage/validation/validation.go';

describe('is refused', () => {
  test.each<[string, string, string, Json, Json, string]>([
    [
      `${core} ValidateConfigMapUpdate`,
      '/api/v1/*/configmaps',
      'cm',
      { immutable: true, data: { a: '1' } },
      { data: { a: '2' } },
      'ConfigMap "cm" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      `${core} ValidateConfigMapUpdate`,
      '/api/v1/*/configmaps',
      'cm-undone',
      { immutable: true },
      { immutable: false },
      'ConfigMap "cm-undone" is invalid: immutable: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      `${core} ValidateSecretUpdate`,
      '/api/v1/*/secrets',
      'typed',
      { type: 'example.com/a' },
      { type: 'example.com/b' },
      'Secret "typed" is invalid: type: Invalid value: "example.com/b": field is immutable',
    ],
    [
      `${core} ValidateSecretUpdate`,
      '/api/v1/*/secrets',
      'fixed',
      { immutable: true, data: { a: 'AA==' } },
      { data: { a: 'AQ==' } },
      'Secret "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      `${core} ValidateResourceQuotaUpdate`,
      '/api/v1/*/resourcequotas',
      'quota',
      { spec: { hard: { pods: '100' }, scopes: ['Terminating'] } },
      { spec: { scopes: ['NotTerminating'] } },
      'ResourceQuota "quota" is invalid: spec.scopes: Invalid value: ["NotTerminating"]: field is immutable',
    ],
    [
      `${core} ValidatePersistentVolumeUpdate`,
      '/api/v1/persistentvolumes',
      'conformance-volume',
      { spec: volume },
      { spec: { volumeMode: 'Block' } },
      'PersistentVolume "conformance-volume" is invalid: volumeMode: Invalid value: "Block": field is immutable',
    ],
    [
      `${sets} ValidateDaemonSetUpdate`,
      `${apps}/daemonsets`,
      'ds',
      { spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { no: 'where' } } } } },
      { spec: { selector: other, template: both } },
      'DaemonSet.apps "ds" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable',
    ],
    [
      `${sets} ValidateReplicaSetUpdate`,
      `${apps}/replicasets`,
      'rs',
      { spec: { replicas: 0, selector, template } },
      { spec: { selector: other, template: both } },
      'ReplicaSet.apps "rs" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable',
    ],
    [
      `${sets} ValidateStatefulSetUpdate`,
      `${apps}/statefulsets`,
      'sts',
      { spec: { replicas: 0, serviceName: 'a', selector, template } },
      { spec: { serviceName: 'b' } },
      `StatefulSet.apps "sts" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`,
    ],
    [
      `${sets} ValidateControllerRevisionUpdate`,
      `${apps}/controllerrevisions`,
      'revision',
      { data: { a: 1 }, revision: 1 },
      { data: { a: 2 } },
      'ControllerRevision.apps "revision" is invalid: data: Invalid value: {"a":2}: field is immutable',
    ],
    [
      'kubernetes/pkg/apis/batch/validation/validation.go ValidateJobSpecUpdate',
      '/apis/batch/v1/*/jobs',
      'completions',
      { spec: { suspend: true, completions: 1, template: jobTemplate } },
      { spec: { completions: 2 } },
      'Job.batch "completions" is invalid: spec.completions: Invalid value: 2: field is immutable',
    ],
    [
      'kubernetes/pkg/apis/batch/validation/validation.go ValidateJobSpecUpdate',
      '/apis/batch/v1/*/jobs',
      'mode',
      { spec: { suspend: true, completions: 1, template: jobTemplate } },
      { spec: { completionMode: 'Indexed' } },
      'Job.batch "mode" is invalid: spec.completionMode: Invalid value: "Indexed": field is immutable',
    ],
    [
      `${csi} ValidateStorageClassUpdate`,
      `${storage}/storageclasses`,
      'conformance-class',
      { provisioner: 'example.com/a', parameters: { a: 'b' } },
      { parameters: { a: 'c' } },
      'StorageClass.storage.k8s.io "conformance-class" is invalid: parameters: Forbidden: updates to parameters are forbidden.',
    ],
    [
      `${csi} ValidateStorageClassUpdate`,
      `${storage}/storageclasses`,
      'conformance-provisioner',
      { provisioner: 'example.com/a' },
      { provisioner: 'example.com/b' },
      'StorageClass.storage.k8s.io "conformance-provisioner" is invalid: provisioner: Forbidden: updates to provisioner are forbidden.',
    ],
    [
      `${csi} ValidateStorageClassUpdate`,
      `${storage}/storageclasses`,
      'conformance-binding',
      { provisioner: 'example.com/a' },
      { volumeBindingMode: 'WaitForFirstConsumer' },
      'StorageClass.storage.k8s.io "conformance-binding" is invalid: volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
    [
      `${csi} ValidateCSIDriverUpdate: the path is as upstream spells it`,
      `${storage}/csidrivers`,
      'conformance.example.com',
      { spec: { attachRequired: true } },
      { spec: { attachRequired: false } },
      'CSIDriver.storage.k8s.io "conformance.example.com" is invalid: spec.attachedRequired: Invalid value: false: field is immutable',
    ],
    [
      'kubernetes/pkg/apis/scheduling/validation/validation.go ValidatePriorityClassUpdate',
      '/apis/scheduling.k8s.io/v1/priorityclasses',
      'conformance-priority',
      { value: 1 },
      { value: 2 },
      'PriorityClass.scheduling.k8s.io "conformance-priority" is invalid: value: Forbidden: may not be changed in an update.',
    ],
    [
      'kubernetes/pkg/apis/node/validation/validation.go ValidateRuntimeClassUpdate',
      '/apis/node.k8s.io/v1/runtimeclasses',
      'conformance-runtime',
      { handler: 'a' },
      { handler: 'b' },
      'RuntimeClass.node.k8s.io "conformance-runtime" is invalid: handler: Invalid value: "b": field is immutable',
    ],
    [
      'kubernetes/pkg/apis/networking/validation/validation.go ValidateIngressClassUpdate',
      '/apis/networking.k8s.io/v1/ingressclasses',
      'conformance-ingress',
      { spec: { controller: 'example.com/a' } },
      { spec: { controller: 'example.com/b' } },
      'IngressClass.networking.k8s.io "conformance-ingress" is invalid: spec.controller: Invalid value: "example.com/b": field is immutable',
    ],
    [
      'kubernetes/pkg/apis/discovery/validation/validation.go ValidateEndpointSliceUpdate',
      '/apis/discovery.k8s.io/v1/*/endpointslices',
      'slice',
      { addressType: 'IPv4', endpoints: [] },
      { addressType: 'IPv6' },
      'EndpointSlice.discovery.k8s.io "slice" is invalid: addressType: Invalid value: "IPv6": field is immutable',
    ],
    [
      'kubernetes/pkg/apis/rbac/validation/validation.go ValidateRoleBindingUpdate',
      '/apis/rbac.authorization.k8s.io/v1/*/rolebindings',
      'binding',
      { roleRef: role, subjects: [] },
      { roleRef: { ...role, name: 'b' } },
      'RoleBinding.rbac.authorization.k8s.io "binding" is invalid: roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
    ],
  ])('%s: %s %s', async (_source, path, name, object, patch, message) => {
    // kubernetes/pkg/apis as each row says; apimachinery/pkg/api/errors/errors.go NewInvalid
    expect(statusOf(await changed(path, name, object, patch))).toMatchObject({ code: 422, reason: 'Invalid', message });
  });

  test('a claim of other devices', async () => {
    const requests = [{ name: 'r', exactly: { deviceClassName: 'c' } }];
    const path = '/apis/resource.k8s.io/v1/*/resourceclaims';
    const { json } = await changed(path, 'claim', { spec: {} }, { spec: { devices: { requests } } });
    // kubernetes/pkg/apis/resource/validation/validation.go ValidateResourceClaimUpdate
    expect(json.message).toMatch(
      /^ResourceClaim\.resource\.k8s\.io "claim" is invalid: spec: Invalid value: .*: field is immutable$/,
    );
  });

  test('a claim for another class', async () => {
    const { json } = await changed(
      '/api/v1/*/persistentvolumeclaims',
      'claim',
      { spec: claim },
      { spec: { storageClassName: 'other' } },
    );
    // kubernetes/pkg/apis/core/validation/validation.go ValidatePersistentVolumeClaimUpdate
    expect(json.message).toMatch(
      /^PersistentVolumeClaim "claim" is invalid: spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims\n/,
    );
  });

  test('a volume in another place', async () => {
    const { json } = await changed(
      '/api/v1/persistentvolumes',
      'conformance-place',
      { spec: volume },
      { spec: { hostPath: { path: '/b' } } },
    );
    // kubernetes/pkg/apis/core/validation/validation.go ValidatePersistentVolumeUpdate
    expect(json.message).toMatch(
      /^PersistentVolume "conformance-place" is invalid: spec\.persistentvolumesource: Forbidden: spec\.persistentvolumesource is immutable after creation\n/,
    );
  });

  test('a Service with another address', async () => {
    const service = { spec: { ports: [{ port: 80 }] } };
    const { json } = await changed('/api/v1/*/services', 'service', service, { spec: { clusterIP: 'None' } });
    // kubernetes/pkg/apis/core/validation/validation.go validateUpgradeDowngradeClusterIPs
    expect(json.message).toBe(
      'Service "service" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    );
  });

  test('a job with another template, once it may run', async () => {
    const started = { spec: { parallelism: 0, template: jobTemplate } };
    const patch = { spec: { template: { metadata: { labels: { a: 'b' } } } } };
    const { json } = await changed('/apis/batch/v1/*/jobs', 'started', started, patch);
    // kubernetes/pkg/apis/batch/validation/validation.go validatePodTemplateUpdate
    expect(json.message).toMatch(
      /^Job\.batch "started" is invalid: spec\.template: Invalid value: \{.*\}: field is immutable$/,
    );
  });
});

describe('of a pod', () => {
  const pods = '/api/v1/*/pods';
  const containers = [{ name: 'c', image: 'busybox:2' }];
  const allowed =
    'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
    '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
    '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

  test('the image, a deadline and further tolerations may change', async () => {
    const image = await changed(pods, 'image', pod('image'), { spec: { containers } }, strategic);
    // kubernetes/pkg/apis/core/validation/validation.go ValidatePodUpdate
    expect(image.json.spec?.containers[0].image, image.text).toBe('busybox:2');
    const deadline = await changed(pods, 'deadline', pod('deadline'), { spec: { activeDeadlineSeconds: 5 } });
    expect(deadline.status, deadline.text).toBe(200);
    const { json } = await api.call('GET', `${collection(pods)}/deadline`);
    const tolerations = [...json.spec.tolerations, { key: 'a', operator: 'Exists' }];
    const path = `${collection(pods)}/deadline`;
    expect((await api.call('PATCH', path, { spec: { tolerations } }, merge)).status).toBe(200);
    // kubernetes/pkg/apis/core/validation/validation.go validateOnlyAddedTolerations
    const { json: refused } = await api.call('PATCH', path, { spec: { tolerations: [] } }, merge);
    expect(refused.message).toMatch(
      /^Pod "deadline" is invalid: \[?spec\.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds/,
    );
  });

  test('a deadline only becomes shorter', async () => {
    const short = pod('short', { activeDeadlineSeconds: 5 });
    // kubernetes/pkg/apis/core/validation/validation.go ValidatePodUpdate
    expect((await changed(pods, 'short', short, { spec: { activeDeadlineSeconds: 6 } })).json.message).toBe(
      'Pod "short" is invalid: spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    );
    const path = `${collection(pods)}/short`;
    expect((await api.call('PATCH', path, { spec: { activeDeadlineSeconds: null } }, merge)).json.message).toBe(
      'Pod "short" is invalid: spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    );
  });

  test('containers neither come nor go', async () => {
    const more = [
      { name: 'c', image: 'busybox:1' },
      { name: 'd', image: 'busybox:1' },
    ];
    // kubernetes/pkg/apis/core/validation/validation.go ValidateContainerUpdates
    expect((await changed(pods, 'more', pod('more'), { spec: { containers: more } })).json.message).toBe(
      'Pod "more" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers',
    );
  });

  test('the rest may not change, and the difference is shown', async () => {
    const { json } = await changed(pods, 'rest', pod('rest'), { spec: { hostname: 'a' } });
    // kubernetes/pkg/apis/core/validation/validation.go ValidatePodUpdate
    expect(json.message.split('\n')[0]).toBe(`Pod "rest" is invalid: spec: Forbidden: ${allowed}`);
  });

  test('its gates go and do not come', async () => {
    const gated = pod('gated', { schedulingGates: [{ name: 'example.com/a' }] });
    const path = `${collection(pods)}/gated`;
    const spec = { schedulingGates: [{ name: 'example.com/a' }, { name: 'example.com/b' }] };
    // kubernetes/pkg/apis/core/validation/validation.go validateSchedulingGatesUpdate, ValidatePodUpdate
    expect((await changed(pods, 'gated', gated, { spec })).json.message).toBe(
      'Pod "gated" is invalid: spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate \'example.com/b\'',
    );
    const selector = { spec: { nodeSelector: { a: 'b' } } };
    expect((await api.call('PATCH', path, selector, merge)).json.spec?.nodeSelector).toEqual({ a: 'b' });
    const { json } = await api.call('PATCH', path, { spec: { schedulingGates: [] } }, merge);
    expect(json.spec).not.toHaveProperty('schedulingGates');
  });

  test('generation counts what may change', async () => {
    const { json } = await changed(pods, 'counted', pod('counted'), { spec: { containers } }, strategic);
    // kubernetes/pkg/registry/core/pod/strategy.go updatePodGeneration
    expect(json.metadata.generation).toBe(2);
  });
});

describe('is dropped', () => {
  test('the specification of a signing request', async () => {
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n');
    const spec = { request: request.toString('base64'), signerName: 'example.com/a', usages: ['digital signature'] };
    const { json } = await changed(path, 'conformance-request', { spec }, { spec: { signerName: 'example.com/b' } });
    // kubernetes/pkg/registry/certificates/certificates/strategy.go PrepareForUpdate
    expect(json.spec.signerName).toBe('example.com/a');
  });

  test('the status of a Deployment, on its own path', async () => {
    const { json } = await changed(`${apps}/deployments`, 'status', deployment('status'), { status: { replicas: 5 } });
    // kubernetes/pkg/registry/apps/deployment/strategy.go PrepareForUpdate
    expect(json.status).not.toMatchObject({ replicas: 5 });
  });

  test('the labels of a Deployment, through its status', async () => {
    await api.call('POST', collection(`${apps}/deployments`), deployment('labels'));
    const path = `${collection(`${apps}/deployments`)}/labels/status`;
    const { json } = await api.call('PATCH', path, { metadata: { labels: { a: 'b' } } }, merge);
    // kubernetes/pkg/registry/apps/deployment/strategy.go deploymentStatusStrategy.PrepareForUpdate
    expect(json.metadata).not.toHaveProperty('labels');
  });

  test('all but the names of the secrets of a ServiceAccount', async () => {
    const secrets = [{ kind: 'Secret', namespace: 'elsewhere', name: 'a' }];
    const { json } = await changed('/api/v1/*/serviceaccounts', 'account', {}, { secrets });
    // kubernetes/pkg/registry/core/serviceaccount/strategy.go cleanSecretReferences
    expect(json.secrets).toEqual([{ name: 'a' }]);
  });
});

describe('a PUT to what is not there', () => {
  test.each([
    ['kubernetes/pkg/registry/core/endpoint/strategy.go', '/api/v1/*/endpoints', { subsets: [] }],
    ['kubernetes/pkg/registry/core/limitrange/strategy.go', '/api/v1/*/limitranges', { spec: { limits: [] } }],
    ['kubernetes/pkg/registry/core/service/strategy.go', '/api/v1/*/services', { spec: { ports: [{ port: 80 }] } }],
    ['kubernetes/pkg/registry/coordination/lease/strategy.go', '/apis/coordination.k8s.io/v1/*/leases', { spec: {} }],
    ['kubernetes/pkg/registry/rbac/role/strategy.go', '/apis/rbac.authorization.k8s.io/v1/*/roles', { rules: [] }],
  ])('%s AllowCreateOnUpdate: creates', async (_source, path, content) => {
    // kubernetes/pkg/registry AllowCreateOnUpdate, as each row says
    const answer = await api.call('PUT', `${collection(path)}/put`, { metadata: { name: 'put' }, ...content });
    expect(answer.status, answer.text).toBe(201);
  });

  test.each([
    ['kubernetes/pkg/registry/core/pod/strategy.go', '/api/v1/*/pods', pod('put')],
    ['kubernetes/pkg/registry/core/secret/strategy.go', '/api/v1/*/secrets', {}],
    ['kubernetes/pkg/registry/apps/deployment/strategy.go', `${apps}/deployments`, deployment('put')],
  ])('%s AllowCreateOnUpdate: is 404', async (_source, path, content) => {
    // kubernetes/pkg/registry AllowCreateOnUpdate, as each row says
    const answer = await api.call('PUT', `${collection(path)}/put`, { ...content, metadata: { name: 'put' } });
    expect(answer.status, answer.text).toBe(404);
  });
});
