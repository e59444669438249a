/**
 * `Impersonate-*` headers (kubectl --as): the request counts as another user's, if whoever sends it may
 * impersonate every part of that user.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import type { Attributes, Authorizer, UserInfo } from '../access.ts';
import { badRequest } from '../errors.ts';
import { refusal } from '../pipeline.ts';
import type { Impersonator } from '../server-types.ts';
import { extraKeyOf, valuesOf } from './headers.ts';

/** One thing to be impersonated, as authorisation sees it. */
interface Part {
  readonly kind: 'User' | 'ServiceAccount' | 'Group' | 'UserExtra' | 'UID';
  readonly name: string;
  readonly namespace: string;
  /** Which extra field. */
  readonly key: string;
}

const extraPrefix = 'impersonate-extra-';
const authenticationGroup = 'authentication.k8s.io';
const resources: Readonly<Record<Part['kind'], string>> = {
  User: 'users',
  ServiceAccount: 'serviceaccounts',
  Group: 'groups',
  UserExtra: 'userextras',
  UID: 'uids',
};
const authenticated = 'system:authenticated';
const unauthenticated = 'system:unauthenticated';

export const impersonate: Impersonator = async (user, { headers }, authorizer) => {
  const parts = partsOf(headers);
  if (parts.length === 0) return undefined;
  for (const part of parts) await check(user, part, authorizer);
  return userOf(parts);
};

const part = (kind: Part['kind'], name: string, rest: Partial<Part> = {}): Part => ({
  kind,
  name,
  namespace: '',
  key: '',
  ...rest,
});

function partsOf(headers: IncomingHttpHeaders): readonly Part[] {
  const [username = ''] = valuesOf(headers['impersonate-user']);
  const [uid = ''] = valuesOf(headers['impersonate-uid']);
  const parts: readonly Part[] = [
    ...(username === '' ? [] : [userPart(username)]),
    ...valuesOf(headers['impersonate-group']).map((group) => part('Group', group)),
    ...extraParts(headers),
    ...(uid === '' ? [] : [part('UID', uid)]),
  ];
  if (parts.length > 0 && username === '') {
    throw badRequest(`requested [${parts.map(describe).join(' ')}] without impersonating a user`);
  }
  return parts;
}

function userPart(username: string): Part {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || name === undefined) return part('User', username);
  return part('ServiceAccount', name, { namespace });
}

function extraParts(headers: IncomingHttpHeaders): readonly Part[] {
  return Object.entries(headers)
    .filter(([header]) => header.startsWith(extraPrefix))
    .flatMap(([header, value]) => {
      const key = extraKeyOf(header.slice(extraPrefix.length));
      return valuesOf(value).map((each) => part('UserExtra', each, { key }));
    });
}

const groupOf = ({ kind }: Part): string => (kind === 'UserExtra' || kind === 'UID' ? authenticationGroup : '');

/** As upstream prints the reference: kind, namespace, name, uid, version, resource version, field. */
function describe(part: Part): string {
  const version = groupOf(part) === '' ? '' : `${authenticationGroup}/v1`;
  return `{${[part.kind, part.namespace, part.name, '', version, '', part.key].join(' ')}}`;
}

async function check(user: UserInfo, part: Part, authorizer: Authorizer): Promise<void> {
  const attributes: Attributes = {
    user,
    verb: 'impersonate',
    path: '',
    resource: {
      group: groupOf(part),
      version: 'v1',
      resource: resources[part.kind],
      subresource: part.key,
      namespace: part.namespace,
      name: part.name,
    },
  };
  const { verdict, reason } = await authorizer.authorize(attributes);
  if (verdict !== 'allow') throw refusal(attributes, reason);
}

function userOf(parts: readonly Part[]): UserInfo {
  const named = (kind: Part['kind']): readonly string[] =>
    parts.filter((part) => part.kind === kind).map(({ name }) => name);
  const account = parts.find(({ kind }) => kind === 'ServiceAccount');
  const [user = ''] = named('User');
  const [uid] = named('UID');
  const extra: Record<string, string[]> = {};
  for (const { kind, key, name } of parts) if (kind === 'UserExtra') (extra[key] ??= []).push(name);
  return {
    username: account === undefined ? user : `system:serviceaccount:${account.namespace}:${account.name}`,
    groups: groupsOf(user, named('Group'), account),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Groups that are named are all there are, but for the one that tells whether somebody is known at all. */
function groupsOf(username: string, named: readonly string[], account: Part | undefined): readonly string[] {
  const own = account === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  const groups = named.length > 0 ? named : own;
  if (username === 'system:anonymous') {
    return groups.includes(unauthenticated) ? groups : [...groups, unauthenticated];
  }
  return groups.includes(authenticated) || groups.includes(unauthenticated) ? groups : [...groups, authenticated];
}
