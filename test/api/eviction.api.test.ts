/** Evictions: what they say on the pod, and what a budget lets through. Texts are upstream's (pod/storage/eviction.go). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHarness, type Harness } from './harness.ts';

let api: Harness;
const namespaces = '/api/v1/namespaces';
const pods = `${namespaces}/default/pods`;
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';

beforeAll(async () => {
  api = await startHarness();
  await api.call('POST', namespaces, { metadata: { name: 'default' } });
});
afterAll(() => api.stop());

/** On a node, so that it goes gracefully. */
async function makePod(name: string, ready = true): Promise<void> {
  const spec = { nodeName: 'node', containers: [{ name: 'c', image: 'i' }] };
  const metadata = { name, labels: { app: name } };
  expect((await api.call('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec })).status).toBe(201);
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await api.call(
    'PATCH',
    `${pods}/${name}/status`,
    { status: { phase: 'Running', conditions } },
    {
      'content-type': 'application/merge-patch+json',
    },
  );
}

async function makeBudget(name: string, app: string, status: object, policy?: string): Promise<void> {
  const spec = { minAvailable: 1, selector: { matchLabels: { app } }, unhealthyPodEvictionPolicy: policy };
  const kind = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name } };
  expect((await api.call('POST', budgets, { ...kind, spec })).status).toBe(201);
  const whole = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 1, ...status };
  const { status: code } = await api.call(
    'PATCH',
    `${budgets}/${name}/status`,
    { status: whole },
    {
      'content-type': 'application/merge-patch+json',
    },
  );
  expect(code).toBe(200);
}

const evict = (name: string, eviction: object = {}): ReturnType<Harness['call']> =>
  api.call('POST', `${pods}/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...eviction,
  });

async function targetOf(name: string): Promise<unknown> {
  const { json } = await api.call('GET', `${pods}/${name}`);
  const { conditions } = json['status'] as { conditions: readonly { type: string }[] };
  return conditions.find(({ type }) => type === 'DisruptionTarget');
}

test('an evicted pod says why it goes', async () => {
  await makePod('plain');
  expect((await evict('plain')).status).toBe(201);
  expect(await targetOf('plain')).toMatchObject({
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
});

test('a dry run says nothing and takes nothing from the budget', async () => {
  await makePod('dry');
  await makeBudget('dry', 'dry', { disruptionsAllowed: 1, currentHealthy: 2, observedGeneration: 1 });
  expect((await evict('dry', { deleteOptions: { dryRun: ['All'] } })).status).toBe(201);
  expect(await targetOf('dry')).toBeUndefined();
  const { json } = await api.call('GET', `${budgets}/dry`);
  expect(json['status']).toMatchObject({ disruptionsAllowed: 1 });
});

test('a budget that has nothing left keeps the pod', async () => {
  await makePod('kept');
  await makeBudget('kept', 'kept', { currentHealthy: 1, observedGeneration: 1 });
  expect(await evict('kept')).toMatchObject({
    status: 429,
    json: {
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      reason: 'TooManyRequests',
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget kept needs 1 healthy pods and has 1 currently',
          },
        ],
      },
    },
  });
  expect(await targetOf('kept')).toBeUndefined();
});

test('a budget that its controller has not looked at keeps the pod, too', async () => {
  await makePod('new');
  await makeBudget('new', 'new', {});
  const { status, json } = await evict('new');
  expect(status).toBe(429);
  expect(json['details']).toMatchObject({
    retryAfterSeconds: 10,
    causes: [{ message: 'The disruption budget new is still being processed by the server.' }],
  });
});

test('an unhealthy pod goes when the budget says that such pods may always, and costs it nothing', async () => {
  await makePod('sick', false);
  await makeBudget('sick', 'sick', { observedGeneration: 1 }, 'AlwaysAllow');
  expect((await evict('sick')).status).toBe(201);
  expect(await targetOf('sick')).toMatchObject({ reason: 'EvictionByEvictionAPI' });
  expect((await api.call('GET', `${budgets}/sick`)).json['status']).not.toHaveProperty('disruptedPods');
});

test('a pod of two budgets cannot be evicted', async () => {
  await makePod('twice');
  for (const name of ['first', 'second'])
    await makeBudget(name, 'twice', { disruptionsAllowed: 1, observedGeneration: 1 });
  const { status, json } = await evict('twice');
  expect(status).toBe(500);
  expect(json).toMatchObject({
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  });
  expect(json).not.toHaveProperty('reason');
});

test('an eviction must name the pod of its address', async () => {
  await makePod('named');
  for (const metadata of [{}, { name: 'other' }]) {
    expect(await evict('named', { metadata })).toMatchObject({
      status: 400,
      json: { message: 'name in URL does not match name in Eviction object' },
    });
  }
});

test('an eviction of a pod that has changed meanwhile can be refused', async () => {
  await makePod('changed');
  const { status, json } = await evict('changed', { deleteOptions: { preconditions: { uid: 'another' } } });
  expect(status).toBe(409);
  expect(json['message']).toContain('the UID in the precondition (another) does not match the UID in record');
  expect(await targetOf('changed')).toBeUndefined();
});
