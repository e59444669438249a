/**
 * Further ways to be known and to be let in, from the file `access.json` in the cluster's data directory.
 * Paths in it are relative to that directory.
 *
 *     {
 *       "anonymous": false,
 *       "tokenFile": "tokens.csv",
 *       "oidc": [{ "issuer": "https://id.example.com", "clientId": "kubernetes", "groupsClaim": "groups" }],
 *       "tokenWebhook": "identity.kubeconfig",
 *       "authorization": { "modes": ["Node", "RBAC", "Webhook"], "webhook": "rights.kubeconfig" }
 *     }
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AskWebhook } from '../apiserver/authentication/webhook.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { readTextIfPresent } from '../base/file.ts';
import { UserError } from '../cli/user-error.ts';
import { anonymous } from '../client/credentials.ts';
import { createHttpsClient, type HttpsClient } from '../client/https-client.ts';
import { accessFrom, loadKubeconfig } from '../client/kubeconfig.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly usernameClaim?: string;
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly signingAlgorithms?: readonly string[];
  readonly requiredClaims?: Readonly<Record<string, string>>;
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
  readonly authorization?: {
    /** In this order; default Node, RBAC. */
    readonly modes?: readonly AuthorizationMode[];
    /** A kubeconfig whose server is sent SubjectAccessReviews. */
    readonly webhook?: string;
  };
}

const fields: readonly string[] = ['anonymous', 'tokenFile', 'oidc', 'tokenWebhook', 'authorization'];

/** Throws a UserError that says what is wrong with the file. */
export function readAccessSettings(dataDir: string): AccessSettings {
  const path = join(dataDir, 'access.json');
  const text = readTextIfPresent(path);
  if (text === undefined) return {};
  try {
    const settings = JSON.parse(text) as AccessSettings;
    check(settings);
    return settings;
  } catch (error) {
    throw new UserError(`${path}: ${messageOf(error)}`, 'correct the file, or remove it');
  }
}

function check(settings: AccessSettings): void {
  const unknown = Object.keys(settings).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw new Error(`the field ${unknown} is not known; known are ${fields.join(', ')}`);
  const { modes = [], webhook } = settings.authorization ?? {};
  const mode = modes.find((each) => !authorizationModes.includes(each));
  if (mode !== undefined) throw new Error(`the mode ${mode} is not one of ${authorizationModes.join(', ')}`);
  if (modes.includes('Webhook') && webhook === undefined)
    throw new Error('the mode Webhook needs authorization.webhook');
  for (const { issuer, clientId } of settings.oidc ?? []) {
    if (!issuer.startsWith('https://')) throw new Error(`the issuer ${issuer} is not an https URL`);
    if (clientId === '') throw new Error(`the issuer ${issuer} needs a clientId`);
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
    const answer = await client.request({ method: 'POST', path: '', headers, body: JSON.stringify(review) });
    if (answer.status >= 300) throw new Error(`it answered with status ${answer.status}`);
    return JSON.parse(Buffer.from(answer.body).toString());
  };
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
