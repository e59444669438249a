/**
 * Creating, reading, updating and deleting objects, with the exact texts of upstream v1.35.
 * Sources: apiserver pkg/endpoints/handlers/{create,update,delete}.go, pkg/registry/rest/{create,update,delete,meta}.go,
 * pkg/registry/generic/registry/store.go; apimachinery pkg/api/errors/errors.go, pkg/api/validation/objectmeta.go.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, connect, deployment, eventually, pod, statusOf, type Target } from './target.ts';

let api: Target;
let namespace: string;
let maps: string;
let pods: string;

beforeAll(async () => {
  api = connect();
  namespace = await api.namespace();
  maps = `/api/v1/namespaces/${namespace}/configmaps`;
  pods = `/api/v1/namespaces/${namespace}/pods`;
});
afterAll(() => api.close());

const failure = (code: number, reason: string, message: string, details?: object): object => ({
  status: 'Failure',
  code,
  reason,
  message,
  ...(details === undefined ? {} : { details }),
});

describe('create', () => {
  test('fills in what clients may not choose', async () => {
    const before = Date.now() - 2_000;
    const sent = { ...configMap('a'), metadata: { name: 'a', uid: 'mine', creationTimestamp: '2001-01-01T00:00:00Z' } };
    const { status, json } = await api.call('POST', maps, sent);
    // apiserver/pkg/registry/rest/meta.go FillObjectMetaSystemFields
    expect(status).toBe(201);
    expect(json.metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    // apiserver/pkg/registry/generic/registry/store.go create
    expect(json.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(Date.parse(json.metadata.creationTimestamp)).toBeGreaterThan(before);
    // apiserver/pkg/registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace
    expect(json.metadata.namespace).toBe(namespace);
    // kubernetes/pkg/registry/core/configmap/strategy.go PrepareForCreate
    expect(json.metadata).not.toHaveProperty('generation');
  });

  test('a taken name', async () => {
    await api.call('POST', maps, configMap('taken'));
    const answer = await api.call('POST', maps, configMap('taken'));
    const details = { name: 'taken', kind: 'configmaps' };
    // apimachinery/pkg/api/errors/errors.go NewAlreadyExists
    expect(statusOf(answer)).toEqual(failure(409, 'AlreadyExists', 'configmaps "taken" already exists', details));
  });

  test('a taken name in a named group', async () => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await api.call('POST', path, deployment('taken'));
    const details = { name: 'taken', group: 'apps', kind: 'deployments' };
    // apimachinery/pkg/api/errors/errors.go NewAlreadyExists
    expect(statusOf(await api.call('POST', path, deployment('taken')))).toEqual(
      failure(409, 'AlreadyExists', 'deployments.apps "taken" already exists', details),
    );
  });

  test('a resourceVersion', async () => {
    const answer = await api.call('POST', maps, { metadata: { name: 'versioned', resourceVersion: '7' } });
    const message = 'resourceVersion should not be set on objects to be created';
    // apiserver/pkg/storage/errors.go ErrResourceVersionSetOnCreate
    expect(answer.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      code: 500,
    });
  });

  test('no name', async () => {
    const answer = await api.call('POST', maps, { metadata: {} });
    const cause = 'Required value: name or generateName is required';
    // apimachinery/pkg/api/validation/objectmeta.go ValidateObjectMetaAccessor
    expect(statusOf(answer)).toEqual(
      failure(422, 'Invalid', `ConfigMap "" is invalid: metadata.name: ${cause}`, {
        kind: 'ConfigMap',
        causes: [{ reason: 'FieldValueRequired', message: cause, field: 'metadata.name' }],
      }),
    );
  });

  test('a name that is none', async () => {
    const answer = await api.call('POST', maps, configMap('Not_Allowed'));
    const cause =
      'Invalid value: "Not_Allowed": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
      "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation " +
      "is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    // apimachinery/pkg/util/validation/validation.go IsDNS1123Subdomain
    expect(statusOf(answer)).toEqual(
      failure(422, 'Invalid', `ConfigMap "Not_Allowed" is invalid: metadata.name: ${cause}`, {
        name: 'Not_Allowed',
        kind: 'ConfigMap',
        causes: [{ reason: 'FieldValueInvalid', message: cause, field: 'metadata.name' }],
      }),
    );
  });

  test('several faults are all told, in brackets', async () => {
    const { json } = await api.call('POST', pods, {
      metadata: { name: 'faulty' },
      spec: { restartPolicy: 'Sometimes' },
    });
    // apimachinery/pkg/api/errors/errors.go NewInvalid
    expect(json.code).toBe(422);
    // In upstream's order this is that of its code, which isn't part of the interface.
    expect(json.message).toMatch(/^Pod "faulty" is invalid: \[.*, .*\]$/);
    // kubernetes/pkg/apis/core/validation/validation.go validateContainers
    expect(json.message).toContain('spec.containers: Required value');
    // apimachinery/pkg/api/errors/errors.go NewInvalid
    expect(json.details.causes).toHaveLength(2);
    // kubernetes/pkg/apis/core/validation/validation.go validateRestartPolicy
    expect(json.details.causes).toEqual(
      expect.arrayContaining([
        { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers' },
        {
          reason: 'FieldValueNotSupported',
          message: 'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
          field: 'spec.restartPolicy',
        },
      ]),
    );
  });

  test('generateName: five characters more; what is too long is cut to fit', async () => {
    const short = await api.call('POST', maps, { metadata: { generateName: 'run-' } });
    // apiserver/pkg/storage/names/generate.go GenerateName
    expect(short.json.metadata.name).toMatch(/^run-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(short.json.metadata.generateName).toBe('run-');
    const long = await api.call('POST', maps, { metadata: { generateName: 'x'.repeat(80) } });
    expect(long.json.metadata.name).toHaveLength(63);
  });

  test('another namespace than that of the path', async () => {
    const answer = await api.call('POST', maps, { metadata: { name: 'b', namespace: 'elsewhere' } });
    // apiserver/pkg/registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace
    expect(statusOf(answer)).toEqual(
      failure(
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      ),
    );
  });

  test('a namespace that is not there', async () => {
    const answer = await api.call('POST', '/api/v1/namespaces/nowhere-at-all/configmaps', configMap('a'));
    const details = { name: 'nowhere-at-all', kind: 'namespaces' };
    // apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go Admit
    expect(statusOf(answer)).toEqual(failure(404, 'NotFound', 'namespaces "nowhere-at-all" not found', details));
  });

  test('another version than that of the path', async () => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const answer = await api.call('POST', path, { ...deployment('v'), apiVersion: 'apps/v1beta2' });
    // apiserver/pkg/endpoints/handlers/create.go createHandler
    expect(answer.json.code).toBe(400);
    expect(answer.json.reason).toBe('BadRequest');
  });

  test('another kind than that of the path', async () => {
    const answer = await api.call('POST', maps, { ...configMap('a'), kind: 'Secret' });
    // apiserver/pkg/endpoints/handlers/rest.go transformDecodeError
    expect(statusOf(answer)).toEqual(
      failure(
        400,
        'BadRequest',
        'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
      ),
    );
  });
});

describe('get', () => {
  test('what is not there', async () => {
    const details = { name: 'none', kind: 'configmaps' };
    // apiserver/pkg/registry/generic/registry/store.go Get
    expect(statusOf(await api.call('GET', `${maps}/none`))).toEqual(
      failure(404, 'NotFound', 'configmaps "none" not found', details),
    );
  });

  test('a revision that is still to come', async () => {
    await api.call('POST', maps, configMap('early'));
    const { json } = await api.call('GET', `${maps}/early?resourceVersion=99999999`);
    // apiserver/pkg/storage/errors.go NewTooLargeResourceVersionError
    expect(json.code).toBe(504);
    expect(json.reason).toBe('Timeout');
    expect(json.message).toMatch(/^Timeout: Too large resource version: 99999999, current: \d+$/);
    expect(json.details).toEqual({
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  });
});

describe('update', () => {
  test('the revision that it names must be the present one', async () => {
    const { json: first } = await api.call('POST', maps, configMap('u', { a: '1' }));
    const { json: second } = await api.call('PUT', `${maps}/u`, { ...first, data: { a: '2' } });
    // apiserver/pkg/registry/generic/registry/store.go Update
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
    // apimachinery/pkg/api/errors/errors.go NewConflict
    expect(statusOf(await api.call('PUT', `${maps}/u`, { ...first, data: { a: '3' } }))).toEqual(
      failure(
        409,
        'Conflict',
        'Operation cannot be fulfilled on configmaps "u": the object has been modified; please apply your changes to the latest version and try again',
        { name: 'u', kind: 'configmaps' },
      ),
    );
  });

  test('without a revision it is unconditional, where the kind allows that', async () => {
    await api.call('POST', maps, configMap('free'));
    // apiserver/pkg/registry/generic/registry/store.go Update
    expect((await api.call('PUT', `${maps}/free`, configMap('free', { a: '1' }))).status).toBe(200);
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'a' } };
    await api.call('POST', leases, lease);
    const cause = 'Invalid value: 0: must be specified for an update';
    expect(statusOf(await api.call('PUT', `${leases}/l`, lease))).toEqual(
      failure(422, 'Invalid', `leases.coordination.k8s.io "l" is invalid: metadata.resourceVersion: ${cause}`, {
        name: 'l',
        group: 'coordination.k8s.io',
        kind: 'leases',
        causes: [{ reason: 'FieldValueInvalid', message: cause, field: 'metadata.resourceVersion' }],
      }),
    );
  });

  test('the name must be said, and be that of the path', async () => {
    await api.call('POST', maps, configMap('named'));
    // apiserver/pkg/endpoints/handlers/rest.go checkName
    expect(statusOf(await api.call('PUT', `${maps}/named`, configMap('other')))).toEqual(
      failure(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (named)'),
    );
    expect(statusOf(await api.call('PUT', `${maps}/named`, { metadata: {} }))).toEqual(
      failure(
        400,
        'BadRequest',
        'the name of the object (named based on URL) was undeterminable: name must be provided',
      ),
    );
  });

  test('what is not there can not be updated', async () => {
    const answer = await api.call('PUT', `${maps}/none`, configMap('none'));
    // apiserver/pkg/registry/generic/registry/store.go Update
    expect(statusOf(answer)).toEqual(
      failure(404, 'NotFound', 'configmaps "none" not found', { name: 'none', kind: 'configmaps' }),
    );
  });

  test('another uid means another object', async () => {
    const { json } = await api.call('POST', maps, configMap('uid'));
    const other = { ...json, metadata: { ...json.metadata, uid: 'other', resourceVersion: undefined } };
    const answer = await api.call('PUT', `${maps}/uid`, other);
    // apiserver/pkg/storage/interfaces.go Check
    expect(answer.json).toMatchObject({ code: 409, reason: 'Conflict', details: { name: 'uid', kind: 'configmaps' } });
    expect(answer.json.message).toContain(
      `Precondition failed: UID in precondition: other, UID in object meta: ${json.metadata.uid}`,
    );
  });

  test('the selector of a Deployment is immutable', async () => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const { json } = await api.call('POST', path, deployment('fixed'));
    const labels = { app: 'fixed', more: 'x' };
    const spec = {
      ...json.spec,
      selector: { matchLabels: labels },
      template: { ...json.spec.template, metadata: { labels } },
    };
    const { json: refused } = await api.call('PUT', `${path}/fixed`, { ...deployment('fixed'), spec });
    // kubernetes/pkg/apis/apps/validation/validation.go ValidateDeploymentUpdate
    expect(refused.message).toBe(
      'Deployment.apps "fixed" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"fixed","more":"x"}}: field is immutable',
    );
  });

  test('generation counts changes of the spec, not those of metadata or status', async () => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const { json: made } = await api.call('POST', path, deployment('counted'));
    // kubernetes/pkg/registry/apps/deployment/strategy.go PrepareForCreate
    expect(made.metadata.generation).toBe(1);
    const label = { metadata: { labels: { a: 'b' } } };
    const headers = { 'content-type': 'application/merge-patch+json' };
    // kubernetes/pkg/registry/apps/deployment/strategy.go PrepareForUpdate
    expect((await api.call('PATCH', `${path}/counted`, label, headers)).json.metadata.generation).toBe(1);
    const paused = { spec: { minReadySeconds: 3 } };
    expect((await api.call('PATCH', `${path}/counted`, paused, headers)).json.metadata.generation).toBe(2);
    const status = { status: { replicas: 7 }, spec: { minReadySeconds: 9 } };
    const { json: after } = await api.call('PATCH', `${path}/counted/status`, status, headers);
    // kubernetes/pkg/registry/apps/deployment/strategy.go deploymentStatusStrategy.PrepareForUpdate
    expect(after.metadata.generation).toBe(2);
    expect(after.spec.minReadySeconds).toBe(3);
  });

  test('a write that changes nothing makes no revision', async () => {
    const { json } = await api.call('POST', maps, configMap('same', { a: '1' }));
    const again = await api.call('PUT', `${maps}/same`, configMap('same', { a: '1' }));
    // apiserver/pkg/storage/etcd3/store.go GuaranteedUpdate
    expect(again.json.metadata.resourceVersion).toBe(json.metadata.resourceVersion);
  });
});

describe('delete', () => {
  test('answers with a Status that names what has gone, or with the object, by kind', async () => {
    const { json } = await api.call('POST', maps, configMap('gone'));
    const answer = await api.call('DELETE', `${maps}/gone`);
    // apiserver/pkg/endpoints/handlers/delete.go DeleteResource
    expect(answer.status).toBe(200);
    expect(statusOf(answer)).toEqual({
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: json.metadata.uid },
    });
    await api.call('POST', pods, pod('gone'));
    // kubernetes/pkg/registry/core/pod/storage/storage.go NewStorage (ReturnDeletedObject)
    expect((await api.call('DELETE', `${pods}/gone`)).json.kind).toBe('Pod');
    // apiserver/pkg/registry/generic/registry/store.go Get
    expect((await api.call('DELETE', `${maps}/gone`)).status).toBe(404);
  });

  test('preconditions', async () => {
    const { json } = await api.call('POST', maps, configMap('pre'));
    const { uid, resourceVersion } = json.metadata;
    const byUid = await api.call('DELETE', `${maps}/pre`, { preconditions: { uid: 'x' } });
    // apiserver/pkg/registry/rest/delete.go BeforeDelete
    expect(byUid.json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(byUid.json.message).toContain(
      `the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
    const byRevision = await api.call('DELETE', `${maps}/pre`, { preconditions: { resourceVersion: '1' } });
    expect(byRevision.json.message).toContain(
      `the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
    const right = { preconditions: { uid, resourceVersion } };
    expect((await api.call('DELETE', `${maps}/pre`, right)).status).toBe(200);
  });

  test('an unknown policy, and two at once', async () => {
    await api.call('POST', maps, configMap('policy'));
    const unknown = await api.call('DELETE', `${maps}/policy`, { propagationPolicy: 'Sideways' });
    // apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateDeleteOptions
    expect(unknown.json.message).toBe(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
    );
    const both = { propagationPolicy: 'Orphan', orphanDependents: true };
    expect((await api.call('DELETE', `${maps}/policy`, both)).json.message).toBe(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    );
  });

  test('finalizers hold an object until the last is gone', async () => {
    const held = { ...configMap('held'), metadata: { name: 'held', finalizers: ['example.com/a', 'example.com/b'] } };
    await api.call('POST', maps, held);
    const { json } = await api.call('DELETE', `${maps}/held`);
    // apiserver/pkg/registry/generic/registry/store.go deletionFinalizersForGarbageCollection
    expect(json.kind).toBe('ConfigMap');
    // apiserver/pkg/registry/rest/delete.go BeforeDelete
    expect(json.metadata.deletionTimestamp).toMatch(/Z$/);
    expect(json.metadata.deletionGracePeriodSeconds).toBe(0);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const more = { metadata: { finalizers: ['example.com/a', 'example.com/b', 'example.com/c'] } };
    const refused = await api.call('PATCH', `${maps}/held`, more, headers);
    // apimachinery/pkg/api/validation/objectmeta.go ValidateNoNewFinalizers
    expect(refused.json.message).toBe(
      'ConfigMap "held" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/c"}',
    );
    await api.call('PATCH', `${maps}/held`, { metadata: { finalizers: ['example.com/b'] } }, headers);
    // apiserver/pkg/registry/generic/registry/store.go deleteWithoutFinalizers
    expect((await api.call('GET', `${maps}/held`)).status).toBe(200);
    await api.call('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, headers);
    expect((await api.call('GET', `${maps}/held`)).status).toBe(404);
  });

  test('a pod on a node goes after its grace period, which can only become shorter', async () => {
    await api.call('POST', pods, pod('slow', { nodeName: 'no-such-node', terminationGracePeriodSeconds: 50 }));
    const { json } = await api.call('DELETE', `${pods}/slow`);
    // kubernetes/pkg/registry/core/pod/strategy.go CheckGracefulDelete
    expect(json.metadata.deletionGracePeriodSeconds).toBe(50);
    const longer = await api.call('DELETE', `${pods}/slow`, { gracePeriodSeconds: 90 });
    // apiserver/pkg/registry/rest/delete.go BeforeDelete
    expect(longer.json.metadata.deletionGracePeriodSeconds).toBe(50);
    const shorter = await api.call('DELETE', `${pods}/slow?gracePeriodSeconds=5`);
    expect(shorter.json.metadata.deletionGracePeriodSeconds).toBe(5);
    await api.call('DELETE', `${pods}/slow`, { gracePeriodSeconds: 0 });
    // apiserver/pkg/registry/generic/registry/store.go Delete
    expect((await api.call('GET', `${pods}/slow`)).status).toBe(404);
  });

  test('a collection, by label', async () => {
    for (const [name, color] of [
      ['c1', 'red'],
      ['c2', 'red'],
      ['c3', 'blue'],
    ] as const) {
      await api.call('POST', maps, { metadata: { name, labels: { color } } });
    }
    const answer = await api.call('DELETE', `${maps}?labelSelector=color%3Dred`);
    // apiserver/pkg/registry/generic/registry/store.go DeleteCollection
    expect(answer.json.kind).toBe('ConfigMapList');
    expect(answer.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'c1',
      'c2',
    ]);
    const { json } = await api.call('GET', `${maps}?labelSelector=color`);
    expect(json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['c3']);
  });
});

describe('dry run', () => {
  test('answers as if, and keeps nothing', async () => {
    const made = await api.call('POST', `${maps}?dryRun=All`, configMap('dry'));
    // docs: Kubernetes API Concepts, Dry-run
    expect(made.status).toBe(201);
    expect(made.json.metadata.uid).toBeDefined();
    // apiserver/pkg/registry/generic/registry/dryrun.go Create
    expect((await api.call('GET', `${maps}/dry`)).status).toBe(404);
    const { json } = await api.call('POST', maps, configMap('wet', { a: '1' }));
    const put = await api.call('PUT', `${maps}/wet?dryRun=All`, configMap('wet', { a: '2' }));
    // apiserver/pkg/registry/generic/registry/dryrun.go GuaranteedUpdate
    expect(put.json.data).toEqual({ a: '2' });
    // apiserver/pkg/registry/generic/registry/dryrun.go Delete
    expect((await api.call('DELETE', `${maps}/wet?dryRun=All`)).status).toBe(200);
    expect((await api.call('DELETE', `${maps}?dryRun=All`)).status).toBe(200);
    expect((await api.call('DELETE', `${maps}/wet`, { dryRun: ['All'] })).status).toBe(200);
    // docs: Kubernetes API Concepts, Dry-run
    expect((await api.call('GET', `${maps}/wet`)).json).toEqual(json);
  });

  test('other values are refused', async () => {
    const { json } = await api.call('POST', `${maps}?dryRun=Some`, configMap('dry'));
    // apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateDryRun
    expect(json.message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    );
  });
});

describe('dependents', () => {
  const owned = (name: string, owner: { metadata: { name: string; uid: string } }): object => ({
    metadata: {
      name,
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          blockOwnerDeletion: true,
        },
      ],
    },
  });

  test('Background: the owner goes at once, its dependents follow', async () => {
    const { json: owner } = await api.call('POST', maps, configMap('owner-b'));
    await api.call('POST', maps, owned('dependent-b', owner));
    await api.call('DELETE', `${maps}/owner-b`, { propagationPolicy: 'Background' });
    // apiserver/pkg/registry/generic/registry/store.go deletionFinalizersForGarbageCollection
    expect((await api.call('GET', `${maps}/owner-b`)).status).toBe(404);
    await eventually('collection', async () => (await api.call('GET', `${maps}/dependent-b`)).status === 404);
  });

  test('Foreground: the owner goes last', async () => {
    const { json: owner } = await api.call('POST', maps, configMap('owner-f'));
    await api.call('POST', maps, owned('dependent-f', owner));
    const { json } = await api.call('DELETE', `${maps}/owner-f`, { propagationPolicy: 'Foreground' });
    // apiserver/pkg/registry/generic/registry/store.go shouldDeleteDependents
    expect(json.metadata.finalizers).toEqual(['foregroundDeletion']);
    await eventually('collection', async () => (await api.call('GET', `${maps}/owner-f`)).status === 404);
    // kubernetes/test/e2e/apimachinery/garbage_collector.go "should keep the rc around until all its pods are deleted if the deleteOptions says so"
    expect((await api.call('GET', `${maps}/dependent-f`)).status).toBe(404);
  });

  test('Orphan: the dependents lose their reference and stay', async () => {
    const { json: owner } = await api.call('POST', maps, configMap('owner-o'));
    await api.call('POST', maps, owned('dependent-o', owner));
    const { json } = await api.call('DELETE', `${maps}/owner-o`, { propagationPolicy: 'Orphan' });
    // apiserver/pkg/registry/generic/registry/store.go shouldOrphanDependents
    expect(json.metadata.finalizers).toEqual(['orphan']);
    await eventually('orphaning', async () => (await api.call('GET', `${maps}/owner-o`)).status === 404);
    const { json: orphan } = await api.call('GET', `${maps}/dependent-o`);
    // kubernetes/test/e2e/apimachinery/garbage_collector.go "should orphan pods created by rc if delete options say so"
    expect(orphan.metadata).not.toHaveProperty('ownerReferences');
  });

  test('an owner that is not there', async () => {
    const absent = { metadata: { name: 'never', uid: '00000000-0000-0000-0000-000000000000' } };
    await api.call('POST', maps, owned('lost', absent));
    const gone = await eventually('collection', async () => (await api.call('GET', `${maps}/lost`)).status === 404);
    // kubernetes/pkg/controller/garbagecollector/garbagecollector.go attemptToDeleteItem
    expect(gone).toBe(true);
  });
});
