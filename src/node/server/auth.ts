/** Who may ask this node: clients with a certificate of the cluster's authority, or a token that the API accepts. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { TokenReview } from '../../api/authentication/token-review.ts';
import { SubjectAccessReview } from '../../api/authorization/subject-access-review.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';

export interface KubeletUser {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** What RBAC decides on: verb and subresource of `nodes`. */
export interface KubeletAttributes {
  readonly verb: string;
  /** In order of preference: any of them suffices. */
  readonly subresources: readonly string[];
}

export type Verdict = { readonly code: 200 } | { readonly code: 401 | 403; readonly message: string };

export interface KubeletAuth {
  check(request: IncomingMessage, attributes: KubeletAttributes): Promise<Verdict>;
}

export interface KubeletAuthOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Users (by common name) that may do everything, such as the API server's own. */
  readonly trustedUsers: readonly string[];
}

const keepAllowed = 300_000;
const keepDenied = 30_000;
const mostKept = 500;

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

export function kubeletAuth(options: KubeletAuthOptions): KubeletAuth {
  const users = new Map<string, Kept<KubeletUser | undefined>>();
  const decisions = new Map<string, Kept<boolean>>();
  const remember = <T>(map: Map<string, Kept<T>>, key: string, value: T, life: number): T => {
    if (map.size >= mostKept) map.clear();
    map.set(key, { value, until: options.clock.now() + life });
    return value;
  };
  const recall = <T>(map: Map<string, Kept<T>>, key: string): Kept<T> | undefined => {
    const kept = map.get(key);
    return kept !== undefined && kept.until > options.clock.now() ? kept : undefined;
  };
  const userOf = async (request: IncomingMessage): Promise<KubeletUser | undefined> => {
    const certified = certificateUser(request, options.clock.now());
    if (certified !== undefined) return certified;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const known = recall(users, token);
    if (known !== undefined) return known.value;
    const user = await reviewToken(options.client, token);
    return remember(users, token, user, user === undefined ? keepDenied : keepAllowed);
  };
  const allows = async (user: KubeletUser, attributes: KubeletAttributes): Promise<boolean> => {
    if (options.trustedUsers.includes(user.name) || user.groups.includes('system:masters')) return true;
    const key = JSON.stringify([user, attributes]);
    const known = recall(decisions, key);
    if (known !== undefined) return known.value;
    const allowed = await reviewAccess(options, user, attributes);
    return remember(decisions, key, allowed, allowed ? keepAllowed : keepDenied);
  };
  return {
    async check(request, attributes) {
      const user = await userOf(request);
      if (user === undefined) return { code: 401, message: 'Unauthorized' };
      if (await allows(user, attributes)) return { code: 200 };
      const { verb, subresources } = attributes;
      const message = `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`;
      return { code: 403, message };
    },
  };
}

/** The client's certificate, when it was signed by the authority that the server trusts. */
function certificateUser(request: IncomingMessage, now: number): KubeletUser | undefined {
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  // The connection may have lived longer than the certificate.
  if ((socket.getPeerX509Certificate()?.validToDate.getTime() ?? 0) < now) return undefined;
  const name = one(subject.CN);
  return name === undefined ? undefined : { name, groups: many(subject.O) };
}

const many = (value: string | string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat());
const one = (value: string | string[] | undefined): string | undefined => many(value)[0];

async function reviewToken(client: Client, token: string): Promise<KubeletUser | undefined> {
  const review = await client.create(TokenReview, { metadata: {}, spec: { token } });
  const { authenticated, user } = review.status ?? {};
  if (authenticated !== true || user?.username === undefined) return undefined;
  return { name: user.username, groups: user.groups ?? [], ...(user.uid === undefined ? {} : { uid: user.uid }) };
}

async function reviewAccess(
  { client, nodeName }: KubeletAuthOptions,
  user: KubeletUser,
  { verb, subresources }: KubeletAttributes,
): Promise<boolean> {
  for (const subresource of subresources) {
    const review = await client.create(SubjectAccessReview, {
      metadata: {},
      spec: {
        user: user.name,
        groups: user.groups,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        resourceAttributes: { group: '', version: 'v1', resource: 'nodes', verb, subresource, name: nodeName },
      },
    });
    if (review.status?.allowed === true) return true;
  }
  return false;
}

/** Which of nodes' subresources a path belongs to. */
export function attributesOf(method: string, path: string): KubeletAttributes {
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const verb = verbs[method] ?? 'get';
  const [, first = ''] = path.split('/');
  const own: Readonly<Record<string, readonly string[]>> = {
    stats: ['stats'],
    metrics: ['metrics'],
    logs: ['log'],
    checkpoint: ['checkpoint'],
    pods: ['pods', 'proxy'],
    runningpods: ['pods', 'proxy'],
    healthz: ['healthz', 'proxy'],
    configz: ['configz', 'proxy'],
  };
  return { verb, subresources: own[first] ?? ['proxy'] };
}
