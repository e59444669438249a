/**
 * Server-side apply. Sources: docs "Server-Side Apply"; apimachinery pkg/util/managedfields (conflict texts:
 * internal/conflict.go); apiserver pkg/endpoints/handlers/patch.go; apimachinery pkg/apis/meta/v1/validation.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  configMap,
  connect,
  deployment,
  merge,
  statusOf,
  strategic,
  type Reply,
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
});
afterAll(() => api.close());

const applied = (name: string, manager: string, data: Record<string, string>, query = ''): Promise<Reply> =>
  api.call('PATCH', `${maps}/${name}?fieldManager=${manager}${query}`, configMap(name, data), apply);

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: Record<string, Record<string, unknown>>;
}

const managers = ({ json }: Reply): string[] =>
  (json.metadata.managedFields as ManagedFields[]).map(
    ({ manager, operation, subresource }) =>
      `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`,
  );

describe('ownership', () => {
  test('what is absent is created, and its fields are owned', async () => {
    const answer = await applied('own', 'one', { a: '1' });
    // apiserver/pkg/endpoints/handlers/patch.go applyPatcher
    expect(answer.status).toBe(201);
    const [entry] = answer.json.metadata.managedFields;
    // docs: Server-Side Apply, Field management
    expect(entry).toEqual({
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      time: entry.time,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} } },
    });
  });

  test('the same again changes nothing, not even the revision', async () => {
    const first = await applied('again', 'one', { a: '1' });
    const second = await applied('again', 'one', { a: '1' });
    // apiserver/pkg/endpoints/handlers/patch.go PatchResource
    expect(second.status).toBe(200);
    // apimachinery/pkg/util/managedfields/internal/structuredmerge.go Apply
    expect(second.json).toEqual(first.json);
  });

  test('a conflict names the manager and the field', async () => {
    await applied('conflict', 'one', { a: '1', b: '1' });
    const answer = await applied('conflict', 'two', { a: '2' });
    // apimachinery/pkg/util/managedfields/internal/conflict.go NewConflictError
    expect(statusOf(answer)).toEqual({
      status: 'Failure',
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }] },
    });
  });

  test('several conflicts, with a manager who updated', async () => {
    await applied('several', 'one', { a: '1', b: '1' });
    await api.call('PATCH', `${maps}/several?fieldManager=editor`, { data: { c: '1' } }, merge);
    const answer = await applied('several', 'two', { a: '2', b: '2', c: '2' });
    // apimachinery/pkg/util/managedfields/internal/conflict.go NewConflictError
    expect(answer.json.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.c\nconflicts with "one":\n- .data.a\n- .data.b',
    );
    expect(answer.json.details.causes).toHaveLength(3);
  });

  test('the same value is shared', async () => {
    await applied('shared', 'one', { a: '1' });
    const answer = await applied('shared', 'two', { a: '1' });
    // docs: Server-Side Apply, Conflicts
    expect(managers(answer)).toEqual(['one Apply', 'two Apply']);
  });

  test('force takes the field over', async () => {
    await applied('force', 'one', { a: '1', b: '1' });
    const answer = await applied('force', 'two', { a: '2' }, '&force=true');
    // docs: Server-Side Apply, Conflicts
    expect(answer.json.data).toEqual({ a: '2', b: '1' });
    const [one] = (answer.json.metadata.managedFields as ManagedFields[]).filter(({ manager }) => manager === 'one');
    expect(one?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } });
  });

  test('what its only owner no longer applies goes; what is shared stays', async () => {
    await applied('leave', 'one', { a: '1', b: '1' });
    await applied('leave', 'two', { b: '1' });
    const answer = await applied('leave', 'one', {});
    // docs: Server-Side Apply, Field management
    expect(answer.json.data).toEqual({ b: '1' });
    expect(managers(answer)).toEqual(expect.arrayContaining(['two Apply']));
  });

  test('updates are recorded under the name of the client, and take fields from appliers', async () => {
    await applied('updated', 'one', { a: '1' });
    const answer = await api.call(
      'PATCH',
      `${maps}/updated`,
      { data: { a: '2' } },
      { ...merge, 'user-agent': 'tool/1.2 (x)' },
    );
    // apiserver/pkg/endpoints/handlers/create.go managerOrUserAgent
    expect(managers(answer)).toContain('tool Update');
    expect(JSON.stringify(answer.json.metadata.managedFields)).toContain('"manager":"tool"');
  });

  test('lists with keys are owned item by item', async () => {
    await api.call('PATCH', `${deployments}/keyed?fieldManager=one`, deployment('keyed'), apply);
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } },
    };
    const answer = await api.call('PATCH', `${deployments}/keyed?fieldManager=two`, sidecar, apply);
    const names = answer.json.spec.template.spec.containers.map(({ name }: { name: string }) => name);
    // docs: Server-Side Apply, Merge strategy
    expect(names).toEqual(['c', 'side']);
    const without = { ...sidecar, spec: { template: { spec: { containers: [] } } } };
    const { json } = await api.call('PATCH', `${deployments}/keyed?fieldManager=two`, without, apply);
    expect(json.spec.template.spec.containers.map(({ name }: { name: string }) => name)).toEqual(['c']);
  });

  test('status and scale have entries of their own', async () => {
    await api.call('PATCH', `${deployments}/parts?fieldManager=one`, deployment('parts'), apply);
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', status: { collisionCount: 3 } };
    const answer = await api.call('PATCH', `${deployments}/parts/status?fieldManager=two`, status, apply);
    // apimachinery/pkg/apis/meta/v1/types.go Subresource
    expect(answer.json.status.collisionCount).toBe(3);
    expect(managers(answer)).toContain('two Apply status');
    const scale = await api.call(
      'PATCH',
      `${deployments}/parts/scale?fieldManager=scaler`,
      { spec: { replicas: 0 } },
      merge,
    );
    // kubernetes/pkg/registry/apps/deployment/storage/storage.go ScaleREST.Update
    expect(scale.json).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: {} });
  });
});

describe('refusals', () => {
  test('without a manager', async () => {
    const answer = await api.call('PATCH', `${maps}/none`, configMap('none'), apply);
    const cause = 'Required value: is required for apply patch';
    // apimachinery/pkg/apis/meta/v1/validation/validation.go ValidatePatchOptions
    expect(answer.json).toMatchObject({
      code: 422,
      message: `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${cause}`,
      details: { causes: [{ reason: 'FieldValueRequired', message: cause, field: 'fieldManager' }] },
    });
  });

  test('force without apply', async () => {
    const { json } = await api.call('PATCH', `${maps}/none?force=true`, {}, merge);
    // apimachinery/pkg/apis/meta/v1/validation/validation.go ValidatePatchOptions
    expect(json.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  });

  test('with managedFields', async () => {
    const body = {
      ...configMap('mf'),
      metadata: { name: 'mf', managedFields: [{ manager: 'x', operation: 'Apply' }] },
    };
    const { json } = await api.call('PATCH', `${maps}/mf?fieldManager=one`, body, apply);
    // apimachinery/pkg/util/managedfields/internal/structuredmerge.go Apply
    expect(json).toMatchObject({ code: 400, reason: 'BadRequest', message: 'metadata.managedFields must be nil' });
  });

  test('a field that the kind does not have', async () => {
    const body = { ...deployment('unknown'), spec: { nothing: 1 } };
    const { json } = await api.call('PATCH', `${deployments}/unknown?fieldManager=one`, body, apply);
    // apimachinery/pkg/util/managedfields/internal/structuredmerge.go Apply
    expect(json.message).toMatch(
      /^failed to create typed patch object \(\S+\/unknown; apps\/v1, Kind=Deployment\): \.spec\.nothing: field not declared in schema$/,
    );
  });

  test('keys that occur twice, when asked to be strict', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n  a: c\n';
    const strict = await api.call('PATCH', `${maps}/twice?fieldManager=one&fieldValidation=Strict`, body, apply);
    // apiserver/pkg/endpoints/handlers/patch.go applyPatchToCurrentObject
    expect(strict.json).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key "a" already set in map',
    });
  });

  test('names that don’t fit the path', async () => {
    const { json } = await api.call('PATCH', `${maps}/here?fieldManager=one`, configMap('there'), apply);
    // apiserver/pkg/endpoints/handlers/rest.go checkName
    expect(json).toMatchObject({ code: 400 });
    expect(json.message).toContain('there');
  });
});

test('managedFields can be cleared, and lists of one empty entry mean that', async () => {
  await applied('clear', 'one', { a: '1' });
  const { json } = await api.call('PATCH', `${maps}/clear`, { metadata: { managedFields: [{}] } }, merge);
  // docs: Server-Side Apply, Clearing managedFields
  expect(json.metadata).not.toHaveProperty('managedFields');
});

test('kubectl’s client-side apply is taken over', async () => {
  const { kind, apiVersion, data } = configMap('legacy', { a: '1' });
  const last = JSON.stringify({ kind, apiVersion, metadata: { name: 'legacy' }, data });
  const metadata = { name: 'legacy', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': last } };
  await api.call('POST', `${maps}?fieldManager=kubectl-client-side-apply`, {
    ...configMap('legacy', { a: '1' }),
    metadata,
  });
  // Changing the value conflicts with no one: it is the same user's.
  const answer = await api.call('PATCH', `${maps}/legacy?fieldManager=kubectl`, configMap('legacy', { a: '2' }), apply);
  // docs: Server-Side Apply, Upgrading from client-side apply to server-side apply
  expect(answer.status).toBe(200);
  expect(answer.json.data).toEqual({ a: '2' });
});

test('a strategic patch of one field leaves others with their managers', async () => {
  await applied('leave-others', 'one', { a: '1' });
  const answer = await api.call('PATCH', `${maps}/leave-others?fieldManager=two`, { data: { b: '1' } }, strategic);
  // docs: Server-Side Apply, Field management
  expect(managers(answer)).toEqual(['one Apply', 'two Update']);
});
