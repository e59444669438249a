/**
 * Who may do what, over every route: each resource, subresource and verb that discovery names is tried with no
 * identity, a plain one, one that has the role `edit` in a namespace, and a node. The rows say what is allowed;
 * a route without a row fails.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserInfo } from '../../src/apiserver/access.ts';
import { anonymousUser } from '../../src/apiserver/authentication/union.ts';
import { rows } from './access-table.ts';
import { guardedHarness } from './access-harness.ts';
import type { Harness } from './harness.ts';

const identities: Readonly<Record<string, UserInfo>> = {
  nobody: anonymousUser,
  plain: { username: 'plain', groups: ['system:authenticated'] },
  bound: { username: 'ann', groups: ['system:authenticated'] },
  node: { username: 'system:node:one', groups: ['system:nodes', 'system:authenticated'] },
};

let harness: Harness;

beforeAll(async () => {
  ({ harness } = await guardedHarness());
  await harness.call('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
  await harness.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/team/rolebindings', {
    metadata: { name: 'ann' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
  });
});
afterAll(() => harness.stop());

interface Route {
  readonly path: string;
  readonly name: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

async function routes(): Promise<readonly Route[]> {
  const groups = (await harness.call('GET', '/apis')).json.groups as { versions: { groupVersion: string }[] }[];
  const paths = [
    '/api/v1',
    ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`)),
  ];
  const all: Route[] = [];
  for (const path of paths) {
    const { resources } = (await harness.call('GET', path)).json as { resources: Omit<Route, 'path'>[] };
    all.push(...resources.map((each) => ({ ...each, path })));
  }
  return all;
}

const methods: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

const collections: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);
/** A revision that can't be: a list or watch that is let through fails at once. */
const queries: Readonly<Record<string, string>> = { list: '?resourceVersion=x', watch: '?watch=1&resourceVersion=x' };

function pathOf({ path, name, namespaced }: Route, verb: string): string {
  const [resource = '', subresource = ''] = name.split('/');
  const scope = namespaced ? '/namespaces/team' : '';
  const whole = collections.has(verb) || (verb === 'create' && subresource === '');
  const tail = whole ? '' : subresource === '' ? '/no-such' : `/no-such/${subresource}`;
  return `${path}${scope}/${resource}${tail}${queries[verb] ?? ''}`;
}

/** Whether authorisation lets the request through; what comes after it does not matter here. */
async function allowed(user: UserInfo, route: Route, verb: string): Promise<boolean> {
  const method = methods[verb] ?? verb.toUpperCase();
  const answer = await harness.api.local(user).request({
    method,
    path: pathOf(route, verb),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: '[]' }),
  });
  return !(answer.status === 403 && Buffer.from(answer.body).toString().includes(`cannot ${verb} resource`));
}

const short = (verbs: readonly string[], all: readonly string[]): string =>
  verbs.length === 0 ? '-' : verbs.length === all.length ? 'all' : verbs.join(' ');

describe('every path that is no resource', () => {
  test.each([
    ['/healthz', 'nobody', 200],
    ['/version', 'nobody', 200],
    ['/api', 'nobody', 403],
    ['/openapi/v3', 'nobody', 403],
    ['/metrics', 'nobody', 403],
    ['/.well-known/openid-configuration', 'nobody', 403],
    ['/apis', 'plain', 200],
    ['/openapi/v3', 'plain', 200],
    ['/metrics', 'plain', 403],
    ['/', 'plain', 403],
  ])('%s for %s: %d', async (path, who, status) => {
    const user = identities[who] ?? anonymousUser;
    expect((await harness.api.local(user).request({ method: 'GET', path })).status).toBe(status);
  });
});

describe('every route', () => {
  test('is open to whom its row says, and to nobody else', async () => {
    const found: Record<string, string> = {};
    const versions: string[] = [];
    for (const route of await routes()) {
      const cells: string[] = [];
      for (const user of Object.values(identities)) {
        const open: string[] = [];
        for (const verb of route.verbs) if (await allowed(user, route, verb)) open.push(verb);
        cells.push(short(open, route.verbs));
      }
      const [, , group = ''] = route.path.split('/');
      const key = `${route.path === '/api/v1' ? 'core' : group} ${route.name}`;
      const row = cells.join(' | ');
      if ((found[key] ??= row) !== row) versions.push(`${route.path} ${route.name}: ${row}`);
    }
    expect(found).toEqual(rows);
    expect(versions, 'versions that differ').toEqual([]);
  }, 120_000);
});
