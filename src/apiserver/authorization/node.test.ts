/** What a node may reach of what is not its own: what its pods refer to, and its devices. */
import { beforeEach, expect, test } from 'vitest';
import { kinds } from '../../api/catalogue.ts';
import { Pod } from '../../api/core/pod.ts';
import { ResourceSlice } from '../../api/resource/resource-slice.ts';
import { Secret } from '../../api/core/secret.ts';
import type { Authorizer } from '../access.ts';
import { nodeUser, podOf, startFixture, type Fixture } from '../admission/testing/fixture.ts';
import { objectReader } from '../object-reader.ts';
import { Resources } from '../registry/resources.ts';
import { NodePods } from './node-pods.ts';
import { nodeAuthorizer } from './node.ts';

let fixture: Fixture;
let authorizer: Authorizer;

beforeEach(async () => {
  fixture = await startFixture();
  const reader = objectReader(fixture.store, new Resources(kinds));
  authorizer = nodeAuthorizer({ pods: new NodePods(fixture.store), reader });
});

interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
}

/** '' when it may; else the reason, or `refused` when there is none. `resource` is `group/plural[/subresource]`. */
async function refusal(node: string, verb: string, what: string, place: Place = {}): Promise<string> {
  const [group = '', resource = '', subresource = ''] = what.split('/');
  const { verdict, reason } = await authorizer.authorize({
    user: nodeUser(node),
    verb,
    path: '',
    resource: { group, version: 'v1', resource, subresource, namespace: '', name: '', ...place },
  });
  if (verdict === 'allow') return '';
  return reason === '' ? 'refused' : reason;
}

const unrelated = (node: string): string => `no relationship found between node '${node}' and this object`;

test('Secrets that its pods refer to, and no others', async () => {
  for (const name of ['s', 'other']) await fixture.api.create(Secret, { metadata: { name, namespace: 'a' } });
  const volumes = [{ name: 'v', secret: { secretName: 's' } }];
  await fixture.api.create(Pod, podOf({ nodeName: 'n', volumes }));
  for (const verb of ['get', 'list', 'watch']) {
    expect(await refusal('n', verb, '/secrets', { namespace: 'a', name: 's' })).toBe('');
    expect(await refusal('m', verb, '/secrets', { namespace: 'a', name: 's' })).toBe(unrelated('m'));
    expect(await refusal('n', verb, '/secrets', { namespace: 'a', name: 'other' })).toBe(unrelated('n'));
    expect(await refusal('n', verb, '/secrets', { namespace: 'default', name: 's' })).toBe(unrelated('n'));
  }
  expect(await refusal('n', 'list', '/secrets', { namespace: 'a' })).toBe('No Object name found');
  expect(await refusal('n', 'list', '/secrets')).toBe('can only read namespaced object of this type');
  expect(await refusal('n', 'update', '/secrets', { namespace: 'a', name: 's' })).toBe(
    'can only read resources of this type',
  );
});

test('accounts of its pods, and tokens for them', async () => {
  await fixture.api.create(Pod, podOf({ nodeName: 'n' }));
  const account = { namespace: 'a', name: 'default' };
  expect(await refusal('n', 'get', '/serviceaccounts', account)).toBe('');
  expect(await refusal('m', 'get', '/serviceaccounts', account)).toBe(unrelated('m'));
  expect(await refusal('n', 'list', '/serviceaccounts', { namespace: 'a' })).toBe(
    'can only create tokens for individual service accounts',
  );
  expect(await refusal('n', 'create', '/serviceaccounts/token', account)).toBe('');
  expect(await refusal('m', 'create', '/serviceaccounts/token', account)).toBe(unrelated('m'));
});

test('its own pods, in a list that asks for no others', async () => {
  await fixture.api.create(Pod, podOf({ nodeName: 'n' }));
  const only = 'can only list/watch pods with spec.nodeName field selector';
  for (const verb of ['list', 'watch']) {
    expect(await refusal('n', verb, '/pods', { fieldSelector: 'spec.nodeName=n' })).toBe('');
    expect(await refusal('n', verb, '/pods', { fieldSelector: 'spec.nodeName!=n' })).toBe(only);
    expect(await refusal('m', verb, '/pods', { fieldSelector: 'spec.nodeName=n' })).toBe(only);
    expect(await refusal('n', verb, '/pods')).toBe(only);
    expect(await refusal('n', verb, '/pods', { namespace: 'a', name: 'p' })).toBe('');
    expect(await refusal('m', verb, '/pods', { namespace: 'a', name: 'p' })).toBe(unrelated('m'));
  }
});

test('slices of its own devices', async () => {
  const slices = 'resource.k8s.io/resourceslices';
  await fixture.api.create(ResourceSlice, {
    metadata: { name: 's' },
    spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
  });
  for (const verb of ['get', 'update', 'patch', 'delete']) {
    expect(await refusal('n', verb, slices, { name: 's' })).toBe('');
    expect(await refusal('m', verb, slices, { name: 's' })).toBe(unrelated('m'));
  }
  for (const verb of ['list', 'watch', 'deletecollection']) {
    expect(await refusal('n', verb, slices, { fieldSelector: 'spec.nodeName=n' })).toBe('');
    expect(await refusal('n', verb, slices)).toBe(
      'can only list/watch/deletecollection resourceslices with nodeName field selector',
    );
  }
  // Its content is what NodeRestriction looks at.
  expect(await refusal('n', 'create', slices)).toBe('');
  expect(await refusal('n', 'get', `${slices}/status`, { name: 's' })).toBe(
    'cannot authorize ResourceSlice subresources',
  );
});
