/**
 * Further ways to be known and to be let in, from the file `access.json` in the cluster's data directory.
 * Paths in it are relative to that directory.
 *
 *     {
 *       "anonymous": false,
 *       "tokenFile": "tokens.csv",
 *       "oidc": [{ "issuer": "https://id.example.com", "clientId": "kubernetes", "groupsClaim": "groups" }],
 *       "tokenWebhook": "identity.kubeconfig",
 *       "tokenWebhookCacheTtl": "2m",
 *       "extendServiceAccountTokens": false,
 *       "authorization": {
 *         "modes": ["Node", "RBAC", "Webhook"],
 *         "webhook": "rights.kubeconfig",
 *         "webhookCacheAuthorizedTtl": "5m",
 *         "webhookCacheUnauthorizedTtl": "30s",
 *         "webhookFailurePolicy": "NoOpinion"
 *       }
 *     }
 *
 * What flags of `coracle up` say (guards.ts) counts before it.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OidcOptions } from '../../apiserver/authentication/oidc.ts';
import type { AskWebhook } from '../../apiserver/authentication/webhook.ts';
import type { FailurePolicy } from '../../apiserver/authorization/webhook.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { readTextIfPresent } from '../../base/file.ts';
import { given } from '../../base/given.ts';
import { UserError } from '../../cli/user-error.ts';
import type { RawResponse } from '../../client/client.ts';
import { anonymous } from '../../client/credentials.ts';
import { createHttpsClient, type HttpsClient } from '../../client/https-client.ts';
import { accessFrom, loadKubeconfig } from '../../client/kubeconfig.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import type { GuardSettings } from './guards.ts';

export interface OidcSettings extends Omit<OidcOptions, 'clock' | 'fetchJson'> {
  /** PEM file of what the issuer's certificate is signed by; the system's authorities when absent. */
  readonly certificateAuthority?: string;
}

export const authorizationModes = ['Node', 'RBAC', 'Webhook', 'AlwaysAllow', 'AlwaysDeny'] as const;
export type AuthorizationMode = (typeof authorizationModes)[number];

export interface AccessSettings {
  /** Whether those who present nothing may ask for health and version. Default true. */
  readonly anonymous?: boolean;
  readonly tokenFile?: string;
  readonly oidc?: readonly OidcSettings[];
  /** A kubeconfig whose server is sent TokenReviews. */
  readonly tokenWebhook?: string;
  /** For how long its answers count, such as `2m`. */
  readonly tokenWebhookCacheTtl?: string;
  /** Whether pods' hourly tokens are good for a year, for programs that read theirs but once. Default true. */
  readonly extendServiceAccountTokens?: boolean;
  readonly authorization?: {
    /** In this order; default Node, RBAC. */
    readonly modes?: readonly AuthorizationMode[];
    /** A kubeconfig whose server is sent SubjectAccessReviews. */
    readonly webhook?: string;
    readonly webhookCacheAuthorizedTtl?: string;
    readonly webhookCacheUnauthorizedTtl?: string;
    /** What it comes to when the webhook does not answer; by itself NoOpinion, and 500 when nobody else allows. */
    readonly webhookFailurePolicy?: FailurePolicy;
  };
}

const fields: readonly string[] = [
  'anonymous',
  'tokenFile',
  'oidc',
  'tokenWebhook',
  'tokenWebhookCacheTtl',
  'extendServiceAccountTokens',
  'authorization',
];

/** The file, and what flags say over it. Throws a UserError that says what is wrong. */
export function readAccessSettings(dataDir: string, guards: GuardSettings = {}): AccessSettings {
  const path = join(dataDir, 'access.json');
  const text = readTextIfPresent(path);
  try {
    const settings = overridden(text === undefined ? {} : (JSON.parse(text) as AccessSettings), guards);
    check(settings);
    return settings;
  } catch (error) {
    const where = text === undefined ? '' : `${path}: `;
    throw new UserError(`${where}${messageOf(error)}`, 'correct the flags of coracle up, or the file access.json');
  }
}

function overridden(settings: AccessSettings, guards: GuardSettings): AccessSettings {
  const { anonymous: nameless, tokenFile, tokenWebhook, tokenWebhookCacheTtl } = guards;
  const authorization = given({
    modes: guards.authorizationModes as readonly AuthorizationMode[] | undefined,
    webhook: guards.authorizationWebhook,
    webhookCacheAuthorizedTtl: guards.authorizationWebhookAuthorizedTtl,
    webhookCacheUnauthorizedTtl: guards.authorizationWebhookUnauthorizedTtl,
  });
  return {
    ...settings,
    ...given({ tokenFile, tokenWebhook, tokenWebhookCacheTtl }),
    ...(nameless === undefined ? {} : { anonymous: nameless === 'true' }),
    ...withProvider(settings.oidc, guards),
    ...(Object.keys(authorization).length === 0
      ? {}
      : { authorization: { ...settings.authorization, ...authorization } }),
  };
}

/** A provider that flags name takes the place of the same one in the file. */
function withProvider(
  present: readonly OidcSettings[] = [],
  { oidcIssuer: issuer, oidcClientId: clientId, ...guards }: GuardSettings,
): Pick<AccessSettings, 'oidc'> {
  if (issuer === undefined || clientId === undefined) return {};
  const claims = guards.oidcRequiredClaims?.map((each) => {
    const at = each.indexOf('=');
    return [each.slice(0, at), each.slice(at + 1)] as const;
  });
  const flagged: OidcSettings = {
    issuer,
    clientId,
    ...given({
      usernameClaim: guards.oidcUsernameClaim,
      usernamePrefix: guards.oidcUsernamePrefix,
      groupsClaim: guards.oidcGroupsClaim,
      groupsPrefix: guards.oidcGroupsPrefix,
      signingAlgorithms: guards.oidcSigningAlgorithms,
      requiredClaims: claims === undefined ? undefined : Object.fromEntries(claims),
      certificateAuthority: guards.oidcAuthority,
    }),
  };
  return { oidc: [flagged, ...present.filter((each) => each.issuer !== issuer)] };
}

function check(settings: AccessSettings): void {
  const unknown = Object.keys(settings).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw new Error(`the field ${unknown} is not known; known are ${fields.join(', ')}`);
  checkAuthorization(settings.authorization ?? {});
  checkDuration('tokenWebhookCacheTtl', settings.tokenWebhookCacheTtl);
  for (const { issuer, clientId } of settings.oidc ?? []) {
    if (!issuer.startsWith('https://')) throw new Error(`the issuer ${issuer} is not an https URL`);
    if (clientId === '') throw new Error(`the issuer ${issuer} needs a clientId`);
  }
}

function checkAuthorization(settings: NonNullable<AccessSettings['authorization']>): void {
  const { modes = [], webhook, webhookFailurePolicy: policy } = settings;
  const mode = modes.find((each) => !authorizationModes.includes(each));
  if (mode !== undefined) throw new Error(`the mode ${mode} is not one of ${authorizationModes.join(', ')}`);
  if (modes.includes('Webhook') && webhook === undefined)
    throw new Error('the mode Webhook needs authorization.webhook, or --authorization-webhook-config-file');
  if (policy !== undefined && policy !== 'NoOpinion' && policy !== 'Deny') {
    throw new Error(`authorization.webhookFailurePolicy is NoOpinion or Deny, not ${JSON.stringify(policy)}`);
  }
  checkDuration('authorization.webhookCacheAuthorizedTtl', settings.webhookCacheAuthorizedTtl);
  checkDuration('authorization.webhookCacheUnauthorizedTtl', settings.webhookCacheUnauthorizedTtl);
}

function checkDuration(field: string, text: string | undefined): void {
  try {
    if (text !== undefined) durationMilliseconds(text);
  } catch {
    throw new Error(`${field} is a duration such as 2m or 30s, not ${JSON.stringify(text)}`);
  }
}

/** POSTs reviews to the server of a kubeconfig, which is read when it is first needed. */
export function webhookOf(dataDir: string, kubeconfig: string, clock: Clock): AskWebhook {
  let opening: Promise<HttpsClient> | undefined;
  const open = async (): Promise<HttpsClient> => {
    const config = await loadKubeconfig([resolve(dataDir, kubeconfig)]);
    const access = await accessFrom(config, { clock, environment: {} });
    return createHttpsClient({ access, clock, timeout: 10_000, userAgent: 'coracle/webhook' });
  };
  return async (review) => {
    opening ??= open();
    const client = await opening.catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const body = JSON.stringify(review);
    const post = (): Promise<RawResponse> => client.request({ method: 'POST', path: '', headers, body });
    const answer = await patiently(post, clock);
    if (answer.status >= 300) throw new Error(`it answered with status ${answer.status}`);
    return JSON.parse(Buffer.from(answer.body).toString());
  };
}

/** Milliseconds between attempts: a service that restarts is worth a second question, one that is not there is not. */
const pauses = [500, 750, 1_125, 1_688];
const passing: ReadonlySet<number> = new Set([429, 500, 503, 504]);

async function patiently(post: () => Promise<RawResponse>, clock: Clock): Promise<RawResponse> {
  for (const pause of pauses) {
    try {
      const answer = await post();
      if (!passing.has(answer.status)) return answer;
    } catch (error) {
      if (codeOf((error as Error).cause) !== 'ECONNRESET') throw error;
    }
    await clock.sleep(pause);
  }
  return post();
}

/** GETs JSON documents of an issuer. */
export function documentsOf(
  dataDir: string,
  authority: string | undefined,
  clock: Clock,
): (url: string) => Promise<unknown> {
  return async (url) => {
    const { origin, pathname, search } = new URL(url);
    const certificateAuthority =
      authority === undefined ? undefined : readFileSync(resolve(dataDir, authority), 'utf8');
    const client = createHttpsClient({
      access: { server: origin, certificateAuthority, credentials: anonymous },
      clock,
      timeout: 10_000,
    });
    try {
      const answer = await client.request({
        method: 'GET',
        path: pathname + search,
        headers: { accept: 'application/json' },
      });
      if (answer.status !== 200) throw new Error(`${url} answered with status ${answer.status}`);
      return JSON.parse(Buffer.from(answer.body).toString());
    } finally {
      await client.close();
    }
  };
}
