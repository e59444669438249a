/**
 * PATCH in its three older forms, with the texts of upstream v1.35. Sources: apiserver
 * pkg/endpoints/handlers/patch.go; apimachinery pkg/util/strategicpatch, pkg/util/mergepatch/errors.go;
 * evanphx/json-patch; docs: Update API Objects in Place Using kubectl patch; RFC 6902, RFC 7386.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  configMap,
  connect,
  deployment,
  jsonPatch,
  merge,
  statusOf,
  strategic,
  warningsOf,
  type Target,
} from './target.ts';

let api: Target;
let maps: string;
let deployments: string;

beforeAll(async () => {
  api = connect();
  const namespace = await api.namespace();
  maps = `/api/v1/namespaces/${namespace}/configmaps`;
  deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  await api.call('POST', maps, configMap('m', { a: '1', b: '2' }));
  const { spec } = deployment('d') as { spec: { template: { spec: object } } };
  spec.template.spec = {
    containers: [
      { name: 'one', image: 'one:1', env: [{ name: 'A', value: 'a' }], ports: [{ containerPort: 80 }] },
      { name: 'two', image: 'two:1' },
    ],
    tolerations: [{ key: 'x', operator: 'Exists' }],
  };
  const { status, text } = await api.call('POST', deployments, { ...deployment('d'), spec });
  if (status !== 201) throw new Error(text);
});
afterAll(() => api.close());

const causeOf = (field: string, message: string): object => ({
  causes: [{ reason: 'FieldValueInvalid', message, field }],
});

describe('JSON patch', () => {
  test('its operations', async () => {
    const { status, json } = await api.call(
      'PATCH',
      `${maps}/m?dryRun=All`,
      [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'add', path: '/data/c', value: '3' },
        { op: 'replace', path: '/data/b', value: 'two' },
        { op: 'copy', from: '/data/a', path: '/data/d' },
        { op: 'move', from: '/data/a', path: '/data/e' },
        { op: 'add', path: '/metadata/labels', value: { 'x/y': 'z' } },
        { op: 'remove', path: '/metadata/labels/x~1y' },
      ],
      jsonPatch,
    );
    // RFC 6902, section 4
    expect(status).toBe(200);
    expect(json.data).toEqual({ b: 'two', c: '3', d: '1', e: '1' });
  });

  test.each([
    ['a failed test', [{ op: 'test', path: '/data/a', value: '9' }]],
    ['a path that is not there', [{ op: 'remove', path: '/data/zzz' }]],
    ['an index beyond the end', [{ op: 'add', path: '/metadata/finalizers/7', value: 'a/b' }]],
  ])('%s is 422 without a word about which', async (_, patch) => {
    // apiserver/pkg/endpoints/handlers/patch.go applyJSPatch
    expect(statusOf(await api.call('PATCH', `${maps}/m`, patch, jsonPatch))).toEqual({
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
      details: {},
    });
  });

  test('what is no list of operations is 400', async () => {
    const { json } = await api.call('PATCH', `${maps}/m`, { op: 'add' }, jsonPatch);
    // apiserver/pkg/endpoints/handlers/patch.go applyJSPatch
    expect(json).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('more than ten thousand operations are 413', async () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' }));
    // apiserver/pkg/endpoints/handlers/patch.go applyJSPatch
    expect((await api.call('PATCH', `${maps}/m`, patch, jsonPatch)).json).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });
});

describe('merge patch', () => {
  test('null removes, objects merge, lists are replaced', async () => {
    const patch = { data: { a: null, c: '3' }, metadata: { finalizers: ['a/b'] } };
    const { json } = await api.call('PATCH', `${maps}/m?dryRun=All`, patch, merge);
    // RFC 7386, section 2
    expect(json.data).toEqual({ b: '2', c: '3' });
    expect(json.metadata.finalizers).toEqual(['a/b']);
  });

  test('a value of the wrong type is 422, with the whole object that it would make', async () => {
    const { json } = await api.call('PATCH', `${deployments}/d`, { spec: { replicas: 'many' } }, merge);
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToCurrentObject
    expect(json.code).toBe(422);
    expect(json.reason).toBe('Invalid');
    expect(json.message).toMatch(
      /^ "" is invalid: patch: Invalid value: "{\\"apiVersion\\"|^ "" is invalid: patch: Invalid value: "{\\"kind\\"/,
    );
    expect(json.message).toMatch(
      /: json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
    );
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToCurrentObject
    expect(json.details.causes).toHaveLength(1);
    expect(json.details.causes[0]).toMatchObject({ reason: 'FieldValueInvalid', field: 'patch' });
  });

  test('the name and the revision must fit', async () => {
    // apiserver/pkg/endpoints/handlers/rest.go checkName
    expect((await api.call('PATCH', `${maps}/m`, { metadata: { name: 'other' } }, merge)).json).toMatchObject({
      code: 400,
      message: 'the name of the object (other) does not match the name on the URL (m)',
    });
    const old = { metadata: { resourceVersion: '1' } };
    // apiserver/pkg/registry/generic/registry/store.go Update
    expect((await api.call('PATCH', `${maps}/m`, old, merge)).json).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  test('what is no object is 400', async () => {
    // apiserver/pkg/endpoints/handlers/patch.go applyJSPatch
    expect((await api.call('PATCH', `${maps}/m`, '[]', merge)).json).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect((await api.call('PATCH', `${maps}/m`, '{', merge)).json).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('an unknown field: refused, warned about, or dropped', async () => {
    const patch = { spec: { nothing: 1 } };
    const refused = await api.call('PATCH', `${deployments}/d?fieldValidation=Strict`, patch, merge);
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToCurrentObject
    expect(refused.json.code).toBe(422);
    expect(refused.json.message).toMatch(/: strict decoding error: unknown field "spec\.nothing"$/);
    const warned = await api.call('PATCH', `${deployments}/d`, patch, merge);
    // docs: Kubernetes API Concepts, Field validation
    expect(warningsOf(warned)).toEqual(['unknown field "spec.nothing"']);
    const dropped = await api.call('PATCH', `${deployments}/d?fieldValidation=Ignore`, patch, merge);
    expect(dropped.status).toBe(200);
    expect(warningsOf(dropped)).toEqual([]);
  });
});

describe('strategic merge patch', () => {
  const patched = async (patch: object): Promise<Record<string, unknown>> => {
    const { json, text } = await api.call(
      'PATCH',
      `${deployments}/d?dryRun=All`,
      { spec: { template: { spec: patch } } },
      strategic,
    );
    if (json.spec === undefined) throw new Error(text);
    return json.spec.template.spec;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- containers of an answer
  const containers = (spec: Record<string, unknown>): any[] => spec['containers'] as any[];

  test('lists merge by key', async () => {
    const spec = await patched({
      containers: [
        { name: 'two', image: 'two:2' },
        { name: 'three', image: 'three:1' },
      ],
    });
    const images = Object.fromEntries(containers(spec).map(({ name, image }) => [name, image]));
    // docs: Update API Objects in Place Using kubectl patch, strategic merge patch
    expect(images).toEqual({ one: 'one:1', two: 'two:2', three: 'three:1' });
    expect(containers(spec).find(({ name }) => name === 'one').env).toEqual([{ name: 'A', value: 'a' }]);
  });

  test('lists without a key are replaced', async () => {
    // docs: Update API Objects in Place Using kubectl patch, strategic merge patch
    expect((await patched({ tolerations: [{ key: 'y', operator: 'Exists' }] }))['tolerations']).toEqual([
      { key: 'y', operator: 'Exists' },
    ]);
  });

  test('$patch: delete and replace', async () => {
    // apimachinery/pkg/util/strategicpatch/patch.go handleDirectiveInMergeMap
    expect(
      containers(await patched({ containers: [{ name: 'one', $patch: 'delete' }] })).map(({ name }) => name),
    ).toEqual(['two']);
    const spec = await patched({ containers: [{ name: 'new', image: 'new:1' }, { $patch: 'replace' }] });
    // apimachinery/pkg/util/strategicpatch/patch.go mergeSliceWithSpecialElements
    expect(containers(spec).map(({ name }) => name)).toEqual(['new']);
  });

  test('$setElementOrder', async () => {
    const spec = await patched({ '$setElementOrder/containers': [{ name: 'two' }, { name: 'one' }] });
    // apimachinery/pkg/util/strategicpatch/patch.go mergePatchIntoOriginal
    expect(containers(spec).map(({ name }) => name)).toEqual(['two', 'one']);
  });

  test('$retainKeys', async () => {
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    const { json } = await api.call('PATCH', `${deployments}/d?dryRun=All`, patch, strategic);
    // apimachinery/pkg/util/strategicpatch/patch.go applyRetainKeysDirective
    expect(json.spec.strategy).toEqual({ type: 'Recreate' });
  });

  test('$deleteFromPrimitiveList', async () => {
    await api.call('POST', maps, { metadata: { name: 'f', finalizers: ['a/b', 'c/d'] } });
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'] } };
    const { json } = await api.call('PATCH', `${maps}/f`, patch, strategic);
    // apimachinery/pkg/util/strategicpatch/patch.go deleteFromSlice
    expect(json.metadata.finalizers).toEqual(['c/d']);
    const added = await api.call('PATCH', `${maps}/f`, { metadata: { finalizers: ['e/f'] } }, strategic);
    // apimachinery/pkg/util/strategicpatch/patch.go mergeSliceWithoutSpecialElements
    expect(added.json.metadata.finalizers.toSorted()).toEqual(['c/d', 'e/f']);
    await api.call('PATCH', `${maps}/f`, { metadata: { finalizers: null } }, strategic);
  });

  test('a value of the wrong type is 422, with the patch as Go prints it', async () => {
    const answer = await api.call('PATCH', `${deployments}/d`, { spec: { replicas: 'many' } }, strategic);
    const cause = 'Invalid value: "map[spec:map[replicas:many]]": cannot convert string to int32';
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToObject
    expect(statusOf(answer)).toEqual({
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message: ` "" is invalid: patch: ${cause}`,
      details: causeOf('patch', cause),
    });
  });

  test('a list where a map belongs, and the reverse', async () => {
    const list = { spec: { template: { metadata: { labels: ['a'] } } } };
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToObject
    expect((await api.call('PATCH', `${deployments}/d`, list, strategic)).json).toMatchObject({
      code: 422,
      message: expect.stringMatching(/cannot restore map from slice$/) as unknown,
    });
  });

  test('malformed directives are 400', async () => {
    const retain = { spec: { strategy: { $retainKeys: 'type' } } };
    // apimachinery/pkg/util/mergepatch/errors.go ErrBadPatchFormatForRetainKeys
    expect((await api.call('PATCH', `${deployments}/d`, retain, strategic)).json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: 'invalid patch format of retainKeys',
    });
    const remove = { metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } };
    // apimachinery/pkg/util/mergepatch/errors.go ErrBadPatchFormatForPrimitiveList
    expect((await api.call('PATCH', `${deployments}/d`, remove, strategic)).json.message).toBe(
      'invalid patch format of primitive list',
    );
  });

  test('an unknown field', async () => {
    const refused = await api.call(
      'PATCH',
      `${deployments}/d?fieldValidation=Strict`,
      { spec: { nothing: 1 } },
      strategic,
    );
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToObject
    expect(refused.json.message).toBe(
      ' "" is invalid: patch: Invalid value: "map[spec:map[nothing:1]]": strict decoding error: unknown field "spec.nothing"',
    );
  });
});

test('a patch of what is not there', async () => {
  for (const headers of [merge, strategic]) {
    const { json } = await api.call('PATCH', `${maps}/none`, {}, headers);
    // apiserver/pkg/registry/generic/registry/store.go Update
    expect(json).toMatchObject({ code: 404, message: 'configmaps "none" not found' });
  }
});

test('another content type is 415 and says which there are', async () => {
  const answer = await api.call('PATCH', `${maps}/m`, {}, { 'content-type': 'application/json' });
  // apiserver/pkg/endpoints/handlers/negotiation/errors.go NewUnsupportedMediaTypeError
  expect(statusOf(answer)).toEqual({
    status: 'Failure',
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ' +
      'application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
  });
});

test('immutable metadata', async () => {
  const { json } = await api.call('PATCH', `${maps}/m`, { metadata: { uid: 'other' } }, merge);
  // apimachinery/pkg/api/validation/objectmeta.go ValidateObjectMetaAccessorUpdate
  expect(json.code).toBeGreaterThanOrEqual(409);
  const { json: kept } = await api.call(
    'PATCH',
    `${maps}/m`,
    { metadata: { creationTimestamp: '2001-01-01T00:00:00Z', generation: 9 } },
    merge,
  );
  // apiserver/pkg/registry/rest/update.go BeforeUpdate
  expect(kept.metadata.creationTimestamp).not.toBe('2001-01-01T00:00:00Z');
  expect(kept.metadata).not.toHaveProperty('generation');
});
