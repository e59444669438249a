/**
 * Bootstrap tokens (`abcdef.0123456789abcdef`), by which nodes join: Secrets of their own type in kube-system,
 * named after the first half of the token.
 */
import { timingSafeEqual } from 'node:crypto';
import { Secret } from '../../api/core/secret.ts';
import { parseTimestamp, type Clock } from '../../base/clock.ts';
import { AuthenticationError, type ObjectReader } from '../access.ts';
import { allAuthenticated } from './groups.ts';
import type { TokenAuthenticator } from './tokens.ts';

const secretType = 'bootstrap.kubernetes.io/token';
const shape = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const defaultGroup = 'system:bootstrappers';
const extraGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function bootstrapTokens(reader: ObjectReader, clock: Clock): TokenAuthenticator {
  return {
    async check(token, audiences) {
      const [, id, secret] = shape.exec(token) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      const object = reader.get(Secret, 'kube-system', `bootstrap-token-${id}`);
      if (object === undefined || object.type !== secretType || object.metadata.deletionTimestamp !== undefined) {
        throw new AuthenticationError(`there is no bootstrap token ${id}`);
      }
      const data: Data = (name) => Buffer.from(object.data?.[name] ?? '', 'base64').toString();
      if (!equal(data('token-secret'), secret) || data('token-id') !== id) throw bad(id, 'has another secret');
      checkUse(id, data, clock);
      const groups = [defaultGroup, ...extraGroups(id, data), allAuthenticated];
      return { user: { username: `system:bootstrap:${id}`, groups }, audiences };
    },
  };
}

type Data = (name: string) => string;

const bad = (id: string, why: string): AuthenticationError => new AuthenticationError(`bootstrap token ${id} ${why}`);

function checkUse(id: string, data: Data, clock: Clock): void {
  const expiration = data('expiration');
  // A time that can't be read counts as past.
  if (expiration !== '' && !(parseTimestamp(expiration) > clock.now())) throw bad(id, 'has expired');
  if (data('usage-bootstrap-authentication') !== 'true') throw bad(id, 'is not meant for authentication');
}

function extraGroups(id: string, data: Data): ReadonlySet<string> {
  const groups = data('auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  const wrong = groups.find((group) => !extraGroup.test(group));
  if (wrong !== undefined) throw bad(id, `names the group ${wrong}, which it may not give`);
  return new Set(groups);
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
