import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kinds } from '../../api/catalogue.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { MemoryJournal } from '../../store/journal/memory.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import type { Registry } from '../registry/context.ts';
import { Resources } from '../registry/resources.ts';
import type { Attributes, Decision } from '../access.ts';
import { bootstrapPolicy } from './bootstrap/policy.ts';
import { reconcilePolicy } from './bootstrap/reconcile.ts';
import { roleBasedAccess, type RoleBasedAccess } from './rbac.ts';
import { RoleIndex } from './role-index.ts';
import { describeRule, missingRights, type Rule } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
let store: Store;
let access: RoleBasedAccess;

beforeEach(async () => {
  store = await openStore({ journal: new MemoryJournal(), clock: new FakeClock() });
  access = roleBasedAccess(new RoleIndex(store));
});
afterEach(() => store.close());

const put = async (...objects: readonly (readonly [string, object])[]): Promise<void> => {
  const encoder = new TextEncoder();
  await store.commit(
    objects.map(([key, value]) => ({
      type: 'put',
      key: `${group}/${key}`,
      value,
      bytes: encoder.encode(JSON.stringify(value)),
      expect: 'any',
    })),
  );
};
const role = (name: string, ...rules: Rule[]): readonly [string, object] => [
  `clusterroles/${name}`,
  { metadata: { name }, rules },
];
const everywhere = (name: string, subject: object, to = name): readonly [string, object] => [
  `clusterrolebindings/${name}`,
  { metadata: { name }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: to }, subjects: [subject] },
];
const within = (namespace: string, name: string, subject: object, kind = 'ClusterRole'): readonly [string, object] => [
  `rolebindings/${namespace}/${name}`,
  { metadata: { name, namespace }, roleRef: { apiGroup: group, kind, name }, subjects: [subject] },
];
const ann = { kind: 'User', name: 'ann' };

/** `get pods/log x` in the namespace `a`. */
function ask(sentence: string, namespace = 'a', user: Partial<Attributes['user']> = {}): Decision {
  const [verb = '', what = '', name = ''] = sentence.split(' ');
  const who = { username: 'ann', groups: ['dev'], ...user };
  if (what.startsWith('/')) return access.authorize({ user: who, verb, path: what });
  const [resource = '', subresource = ''] = what.split('/');
  const [plain = '', ...api] = resource.split('.');
  const asked = { group: api.join('.'), version: 'v1', resource: plain, subresource, namespace, name };
  return access.authorize({ user: who, verb, path: '', resource: asked });
}

describe('a rule', () => {
  test.each<[Rule, string[], string[]]>([
    [
      { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      ['get pods', 'get pods x'],
      ['list pods', 'get pods/log', 'get pods.apps', 'get /pods'],
    ],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, ['get pods', 'x a.b/c d'], ['get /healthz']],
    [{ verbs: ['get'], apiGroups: [''], resources: ['*/scale'] }, ['get x/scale'], ['get x', 'get x/status']],
    [{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }, ['get pods/log x'], ['get pods x']],
    [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] },
      ['get pods x', 'list pods x'],
      ['get pods y', 'list pods'],
    ],
    [
      { verbs: ['get'], nonResourceURLs: ['/healthz', '/metrics/*'] },
      ['get /healthz', 'get /metrics/a/b'],
      ['get /metrics', 'post /healthz', 'get /healthz/x'],
    ],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, ['get /x'], ['get pods']],
  ])('%j', async (rule, allowed, refused) => {
    await put(role('r', rule), everywhere('r', ann));
    expect(allowed.filter((each) => ask(each).verdict !== 'allow')).toEqual([]);
    expect(refused.filter((each) => ask(each).verdict === 'allow')).toEqual([]);
  });
});

const reader: Rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

describe('a binding', () => {
  test('says why: who has which role by which binding', async () => {
    await put(role('r', reader), everywhere('r', ann), within('b', 'r', { kind: 'ServiceAccount', name: 'bot' }));
    expect(ask('get pods').reason).toBe('RBAC: allowed by ClusterRoleBinding "r" of ClusterRole "r" to User "ann"');
    expect(ask('get pods', 'b', { username: 'system:serviceaccount:b:bot' }).reason).toBe(
      'RBAC: allowed by RoleBinding "r/b" of ClusterRole "r" to ServiceAccount "bot/b"',
    );
  });

  test('of a namespace holds there only, and gives no paths', async () => {
    await put(role('r', reader, { verbs: ['get'], nonResourceURLs: ['/x'] }), within('b', 'r', ann));
    expect(
      [ask('get pods', 'b'), ask('get pods', 'a'), ask('get pods', ''), ask('get /x')].map((d) => d.verdict),
    ).toEqual(['allow', 'no-opinion', 'no-opinion', 'no-opinion']);
  });

  test('counts at once, until it or its role is gone', async () => {
    expect(ask('get pods').verdict).toBe('no-opinion');
    await put(role('r', reader), everywhere('r', { kind: 'Group', name: 'dev' }));
    expect(ask('get pods').verdict).toBe('allow');
    await store.commit([{ type: 'delete', key: `${group}/clusterroles/r`, expect: 'any' }]);
    expect(ask('get pods')).toEqual({
      verdict: 'no-opinion',
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found',
    });
    await store.commit([{ type: 'delete', key: `${group}/clusterrolebindings/r`, expect: 'any' }]);
    expect(ask('get pods')).toEqual({ verdict: 'no-opinion', reason: '' });
  });
});

describe('containment of rights', () => {
  test.each<[Rule[], Rule, string[]]>([
    [[reader], reader, []],
    [[{ ...reader, verbs: ['*'] }], reader, []],
    [[reader], { ...reader, verbs: ['get', 'list'] }, ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}']],
    [[{ ...reader, resourceNames: ['x'] }], reader, ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
    [[reader], { ...reader, resourceNames: ['x'] }, []],
    [[{ ...reader, resources: ['*/scale'] }], { ...reader, resources: ['a/scale'] }, []],
    [[reader], { ...reader, verbs: ['*'] }, ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}']],
    [
      [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }],
      { verbs: ['get'], nonResourceURLs: ['/a/b', '/c'] },
      ['{NonResourceURLs:["/c"], Verbs:["get"]}'],
    ],
  ])('%j against %j', (held, wanted, missing) => {
    expect(missingRights(held, [wanted]).map(describeRule)).toEqual(missing);
  });
});

describe('the default roles', () => {
  const registryOf = (): Registry => ({
    store,
    resources: new Resources(kinds),
    clock: new FakeClock(),
    random: seededRandom(1),
    admission: [],
    preparations: new Map(),
  });
  const key = (name: string): string => `${group}/clusterroles/${name}`;
  const change = async (name: string, edit: (object: Record<string, unknown>) => void): Promise<void> => {
    const draft = structuredClone(store.get(key(name))?.value) as Record<string, unknown>;
    edit(draft);
    await put([`clusterroles/${name}`, draft]);
  };

  test('are made in one transaction, and are settled then', async () => {
    const before = store.revision;
    expect((await reconcilePolicy(registryOf(), bootstrapPolicy())).length).toBeGreaterThan(100);
    expect(store.revision).toBe(before + 1);
    expect(await reconcilePolicy(registryOf(), bootstrapPolicy())).toEqual([]);
  });

  test('get back what was taken, keep what was added, and are left alone when they say so', async () => {
    await reconcilePolicy(registryOf(), bootstrapPolicy());
    await change(
      'system:basic-user',
      (each) => (each['rules'] = [{ verbs: ['get'], apiGroups: ['x'], resources: ['y'] }]),
    );
    await change('system:discovery', (each) => {
      each['rules'] = [];
      const metadata = each['metadata'] as { annotations: Record<string, string> };
      metadata.annotations['rbac.authorization.kubernetes.io/autoupdate'] = 'false';
    });
    expect(await reconcilePolicy(registryOf(), bootstrapPolicy())).toEqual([key('system:basic-user')]);
    const user = { groups: ['system:authenticated'] };
    expect(ask('create selfsubjectreviews.authentication.k8s.io', '', user).verdict).toBe('allow');
    expect(ask('get y.x', '', user).verdict).toBe('allow');
    expect(ask('get /apis', '', user).verdict).toBe('no-opinion');
  });
});

test('a decision takes microseconds with a thousand roles, all given to the same user', async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => [
    role(`r${index}`, {
      verbs: ['get'],
      apiGroups: ['g'],
      resources: ['pods', `r${index}`],
      resourceNames: [`n${index}`],
    }),
    everywhere(`r${index}`, ann),
  ]).flat();
  await put(...many);
  ask('get pods.g n999');
  const rounds = 2_000;
  const began = systemClock.monotonic();
  for (let round = 0; round < rounds; round += 1) ask('get secrets.g n999');
  // The figure is about 5 us; the bound allows for a busy machine.
  expect(((systemClock.monotonic() - began) / rounds) * 1_000).toBeLessThan(100);
});
