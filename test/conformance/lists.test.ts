/**
 * Lists and watches. Sources: docs "Kubernetes API Concepts" (resource versions, chunks, efficient detection of
 * changes); apimachinery pkg/apis/meta/internalversion/validation, apiserver pkg/storage/{continue,cacher},
 * pkg/endpoints/handlers/get.go; upstream's own e2e bodies "should return chunks of results for list calls",
 * "should continue listing from the last key if the original version has been compacted away", "Watchers".
 */
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMap, connect, lines, merge, pod, statusOf, type Target } from './target.ts';

let api: Target;
let namespace: string;
let maps: string;
let watched: string;

const named = ({ metadata }: { metadata: { name: string } }): string => metadata.name;
const ours = ({ metadata }: { metadata: { name: string } }): boolean => !metadata.name.startsWith('kube-root');

beforeAll(async () => {
  api = connect();
  namespace = await api.namespace();
  maps = `/api/v1/namespaces/${namespace}/configmaps`;
  watched = `/api/v1/namespaces/${await api.namespace()}/configmaps`;
  for (let at = 0; at < 7; at += 1) {
    const labels = { parity: at % 2 === 0 ? 'even' : 'odd' };
    await api.call('POST', maps, { metadata: { name: `m${at}`, labels } });
  }
});
afterAll(() => api.close());

const invalidList = (message: string): object => ({
  code: 422,
  reason: 'Invalid',
  message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
});

describe('lists', () => {
  test('are sorted by name, items without kind and version', async () => {
    const { json } = await api.call('GET', maps);
    // apiserver/pkg/registry/generic/registry/store.go ListPredicate
    expect(json).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(json.metadata.resourceVersion).toMatch(/^\d+$/);
    // apiserver/pkg/storage/etcd3/store.go GetList
    expect(json.items.filter(ours).map(named)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    // apimachinery/pkg/apis/meta/v1/types.go TypeMeta
    expect(json.items[0]).not.toHaveProperty('kind');
    expect(json.items[0]).not.toHaveProperty('apiVersion');
  });

  test('an empty one has an empty list, not null', async () => {
    const { text } = await api.call('GET', `/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
    // docs: Kubernetes API Concepts, Collections
    expect(text).toContain('"items":[]');
  });

  test('pages show one picture of one revision', async () => {
    const { json: first } = await api.call('GET', `${maps}?limit=3`);
    // kubernetes/test/e2e/apimachinery/chunking.go "should return chunks of results for list calls"
    expect(first.items).toHaveLength(3);
    expect(first.metadata.remainingItemCount).toBeGreaterThanOrEqual(4);
    await api.call('POST', maps, configMap('m55'));
    const found = [...first.items];
    let { continue: token } = first.metadata;
    while (token !== undefined) {
      const { json } = await api.call('GET', `${maps}?limit=3&continue=${encodeURIComponent(token)}`);
      // kubernetes/test/e2e/apimachinery/chunking.go "should return chunks of results for list calls"
      expect(json.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      found.push(...json.items);
      token = json.metadata.continue;
      expect('remainingItemCount' in json.metadata).toBe(token !== undefined);
    }
    expect(found.filter(ours).map(named)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    await api.call('DELETE', `${maps}/m55`);
  });

  test('with a selector nobody says how many remain', async () => {
    const { json } = await api.call('GET', `${maps}?limit=1&labelSelector=parity%3Deven`);
    // apimachinery/pkg/apis/meta/v1/types.go RemainingItemCount
    expect(json.items.map(named)).toEqual(['m0']);
    expect(json.metadata.continue).toBeDefined();
    expect(json.metadata).not.toHaveProperty('remainingItemCount');
  });

  test.each([
    ['parity=even', ['m0', 'm2', 'm4', 'm6']],
    ['parity!=even,parity', ['m1', 'm3', 'm5']],
    ['parity in (odd,none)', ['m1', 'm3', 'm5']],
    ['parity notin (odd),parity', ['m0', 'm2', 'm4', 'm6']],
    ['!nothing,parity==odd', ['m1', 'm3', 'm5']],
  ])('label selector %s', async (selector, names) => {
    const { json } = await api.call('GET', `${maps}?labelSelector=${encodeURIComponent(selector)}`);
    // apimachinery/pkg/labels/selector.go Parse
    expect(json.items.map(named)).toEqual(names);
  });

  test('field selectors', async () => {
    const { json } = await api.call(
      'GET',
      `/api/v1/configmaps?fieldSelector=metadata.name%3Dm1,metadata.namespace%3D${namespace}`,
    );
    // apimachinery/pkg/fields/selector.go ParseSelector
    expect(json.items.map(named)).toEqual(['m1']);
    const unknown = await api.call('GET', `${maps}?fieldSelector=data.a%3D1`);
    // apimachinery/pkg/runtime/conversion.go DefaultMetaV1FieldSelectorConversion
    expect(statusOf(unknown)).toEqual({
      status: 'Failure',
      code: 400,
      reason: 'BadRequest',
      message: '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    const ofPods = await api.call('GET', `/api/v1/pods?fieldSelector=spec.color%3Dred`);
    // kubernetes/pkg/apis/core/v1/conversion.go AddFieldLabelConversionsForPod
    expect(ofPods.json.message).toBe('field label not supported: spec.color');
  });

  test('selectors that can not be read', async () => {
    const label = await api.call('GET', `${maps}?labelSelector=${encodeURIComponent('a in (')}`);
    // apimachinery/pkg/labels/selector.go parse
    expect(label.json).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(label.json.message).toContain('unable to parse requirement: ');
    const field = await api.call('GET', `${maps}?fieldSelector=nonsense`);
    // apimachinery/pkg/fields/selector.go parseSelector
    expect(field.json.message).toBe("invalid selector: 'nonsense'; can't understand 'nonsense'");
  });

  test('resourceVersion and resourceVersionMatch', async () => {
    const { json: now } = await api.call('GET', maps);
    const revision = now.metadata.resourceVersion as string;
    await api.call('PATCH', `${maps}/m0`, { data: { at: String(Number(revision)) } }, merge);
    const exact = await api.call('GET', `${maps}?resourceVersion=${revision}&resourceVersionMatch=Exact`);
    // docs: Kubernetes API Concepts, Semantics for get and list
    expect(exact.json.metadata.resourceVersion).toBe(revision);
    expect(exact.json.items.find((each: { metadata: { name: string } }) => named(each) === 'm0').data?.at).not.toBe(
      revision,
    );
    const newer = await api.call('GET', `${maps}?resourceVersion=${revision}&resourceVersionMatch=NotOlderThan`);
    expect(Number(newer.json.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(revision));
    expect((await api.call('GET', `${maps}?resourceVersion=0&limit=2`)).json.items.length).toBeGreaterThanOrEqual(7);
    const future = await api.call('GET', `${maps}?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`);
    // apiserver/pkg/storage/errors.go NewTooLargeResourceVersionError
    expect(future.json).toMatchObject({ code: 504, reason: 'Timeout' });
  });

  test('combinations that mean nothing', async () => {
    const match = async (query: string): Promise<unknown> => (await api.call('GET', `${maps}?${query}`)).json;
    const path = 'resourceVersionMatch';
    // apimachinery/pkg/apis/meta/internalversion/validation/validation.go ValidateListOptions
    expect(await match('resourceVersionMatch=Exact')).toMatchObject(
      invalidList(`${path}: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`),
    );
    expect(await match('resourceVersion=0&resourceVersionMatch=Exact')).toMatchObject(
      invalidList(`${path}: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`),
    );
    expect(await match('resourceVersion=1&resourceVersionMatch=Nearly')).toMatchObject(
      invalidList(`${path}: Unsupported value: "Nearly": supported values: "Exact", "NotOlderThan", ""`),
    );
    expect(await match('sendInitialEvents=true')).toMatchObject(
      invalidList('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
    );
    // apiserver/pkg/storage/continue.go DecodeContinue
    expect(await match('continue=nonsense')).toMatchObject({ code: 400, reason: 'BadRequest' });
    // apiserver/pkg/storage/api_object_versioner.go ParseResourceVersion
    expect(await match('resourceVersion=x')).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  test('an invalid limit', async () => {
    // apiserver/pkg/endpoints/handlers/get.go ListResource
    expect((await api.call('GET', `${maps}?limit=x`)).json).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});

interface WatchEvent {
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- objects of every kind
  readonly object: any;
}

/** Takes events until `count` are there, or the stream ends. */
async function take(answer: IncomingMessage, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of lines(answer)) {
    events.push(event as WatchEvent);
    if (events.length === count) break;
  }
  answer.destroy();
  return events;
}

const said = ({ type, object }: WatchEvent): string => `${type} ${object.metadata.name}`;

describe('watches', () => {
  test('from a revision: every later change, once and in order, with its revision', async () => {
    const { json: before } = await api.call('GET', watched);
    await api.call('POST', watched, configMap('w1'));
    await api.call('PATCH', `${watched}/w1`, { data: { a: 'b' } }, merge);
    await api.call('DELETE', `${watched}/w1`);
    const stream = await api.open('GET', `${watched}?watch=true&resourceVersion=${before.metadata.resourceVersion}`);
    // kubernetes/test/e2e/apimachinery/watch.go "should be able to start watching from a specific resource version"
    expect(stream.statusCode).toBe(200);
    const events = (await take(stream, 3)).filter(({ object }) => ours(object));
    expect(events.map(said)).toEqual(['ADDED w1', 'MODIFIED w1', 'DELETED w1']);
    const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    // kubernetes/test/e2e/apimachinery/watch.go "should receive events on concurrent watches in same order"
    expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
    expect(new Set(revisions).size).toBe(3);
    // apimachinery/pkg/apis/meta/v1/types.go TypeMeta
    expect(events[0]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
  });

  test('without a revision: what is there comes first', async () => {
    const stream = await api.open('GET', `${maps}?watch=1&labelSelector=parity%3Dodd`);
    const events = await take(stream, 3);
    // docs: Kubernetes API Concepts, Semantics for watch
    expect(events.map(said).toSorted()).toEqual(['ADDED m1', 'ADDED m3', 'ADDED m5']);
  });

  test('with a selector objects enter and leave', async () => {
    const { json: before } = await api.call('GET', watched);
    await api.call('POST', watched, { metadata: { name: 's', labels: { on: 'no' } } });
    for (const on of ['yes', 'yes', 'no']) {
      await api.call(
        'PATCH',
        `${watched}/s`,
        { metadata: { labels: { on } }, data: { at: String(Math.random()) } },
        merge,
      );
    }
    await api.call('DELETE', `${watched}/s`);
    const query = `watch=true&labelSelector=on%3Dyes&timeoutSeconds=1&resourceVersion=${before.metadata.resourceVersion}`;
    const events = await take(await api.open('GET', `${watched}?${query}`), 10);
    // kubernetes/test/e2e/apimachinery/watch.go "should observe an object deletion if it stops meeting the requirements of the selector"
    expect(events.map(said)).toEqual(['ADDED s', 'MODIFIED s', 'DELETED s']);
    // The object that leaves is the one that matched last, at the revision at which it left.
    // apiserver/pkg/storage/cacher/cache_watcher.go convertToWatchEvent
    expect(events[2]?.object.metadata.labels).toEqual({ on: 'yes' });
    expect(Number(events[2]?.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(events[1]?.object.metadata.resourceVersion),
    );
  });

  test('initial events end with a bookmark that says so', async () => {
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const events = await take(await api.open('GET', `${maps}?${query}&labelSelector=parity`), 8);
    // docs: Kubernetes API Concepts, Streaming lists
    expect(events.slice(0, 7).map(said)).toEqual([0, 1, 2, 3, 4, 5, 6].map((at) => `ADDED m${at}`));
    const [bookmark] = events.slice(-1);
    expect(bookmark?.type).toBe('BOOKMARK');
    expect(bookmark?.object).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
    });
    expect(bookmark?.object.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  test('what initial events need', async () => {
    const { json } = await api.call('GET', `${maps}?watch=true&sendInitialEvents=true`);
    // apimachinery/pkg/apis/meta/internalversion/validation/validation.go ValidateListOptions
    expect(json).toMatchObject(
      invalidList(
        'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    );
    const match = await api.call('GET', `${maps}?watch=true&resourceVersionMatch=NotOlderThan`);
    expect(match.json).toMatchObject(
      invalidList(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    );
  });

  test('timeoutSeconds ends it', async () => {
    const begun = Date.now();
    const stream = await api.open('GET', `${maps}?watch=true&timeoutSeconds=1&resourceVersion=0`);
    await take(stream, 10_000);
    // apiserver/pkg/endpoints/handlers/get.go ListResource
    expect(Date.now() - begun).toBeGreaterThan(900);
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  test('one object, by field selector and in the old form', async () => {
    const stream = await api.open('GET', `${maps}?watch=true&fieldSelector=metadata.name%3Dm3`);
    // apiserver/pkg/storage/selection_predicate.go MatchesSingle
    expect((await take(stream, 1)).map(said)).toEqual(['ADDED m3']);
    const old = await api.open('GET', `/api/v1/watch/namespaces/${namespace}/configmaps/m3`);
    // apiserver/pkg/endpoints/installer.go registerResourceHandlers
    expect((await take(old, 1)).map(said)).toEqual(['ADDED m3']);
  });

  test('as a Table: columns come with the first event', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const stream = await api.open('GET', `${maps}?watch=true&labelSelector=parity%3Dodd`, undefined, { accept });
    const events = await take(stream, 2);
    // docs: Kubernetes API Concepts, Receiving resources as Tables
    expect(events[0]?.object).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    // kubernetes/pkg/printers/internalversion/printers.go AddHandlers
    expect(events[0]?.object.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Data',
      'Age',
    ]);
    // apiserver/pkg/endpoints/handlers/response.go asTable
    expect(events[1]?.object.columnDefinitions ?? null).toBeNull();
    expect(events[0]?.object.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'm1' } });
  });
});

test('fields of pods that can be selected', async () => {
  await api.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod('p', { restartPolicy: 'Never' }));
  for (const selector of [
    'metadata.name=p',
    'spec.restartPolicy=Never',
    'spec.schedulerName=nobody',
    'spec.nodeName=',
    'status.phase=Pending',
    'status.phase!=Running',
    'spec.serviceAccountName=default',
    'spec.hostNetwork=false',
    'status.podIP=',
    'status.nominatedNodeName=',
  ]) {
    const { json } = await api.call(
      'GET',
      `/api/v1/namespaces/${namespace}/pods?fieldSelector=${encodeURIComponent(selector)}`,
    );
    // kubernetes/pkg/registry/core/pod/strategy.go ToSelectableFields
    expect(json.items?.map(named), selector).toEqual(['p']);
  }
});
