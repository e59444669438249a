/** Who may do what in a cluster: authenticators, authorisers, reviews, and the identities of components. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AdmissionPlugin, Authenticator, Authorizer, ObjectReader, UserInfo } from '../../apiserver/access.ts';
import { bootstrapTokens } from '../../apiserver/authentication/bootstrap-tokens.ts';
import { frontProxy } from '../../apiserver/authentication/front-proxy.ts';
import { impersonate } from '../../apiserver/authentication/impersonation.ts';
import { issuerDiscovery } from '../../apiserver/authentication/issuer-discovery.ts';
import { oidcTokens } from '../../apiserver/authentication/oidc.ts';
import { authorityOf } from '../../apiserver/authentication/peer.ts';
import { ServiceAccountTokens } from '../../apiserver/authentication/service-account.ts';
import { staticTokens } from '../../apiserver/authentication/static-tokens.ts';
import type { TokenIssuer } from '../../apiserver/authentication/token-issuer.ts';
import { anyToken, bearerTokens, type TokenAuthenticator } from '../../apiserver/authentication/tokens.ts';
import { anyOf } from '../../apiserver/authentication/union.ts';
import { webhookTokens } from '../../apiserver/authentication/webhook.ts';
import { clientCertificates } from '../../apiserver/authentication/x509.ts';
import { administrators, firstOpinion } from '../../apiserver/authorization/basic.ts';
import { escalationCheck } from '../../apiserver/authorization/escalation.ts';
import { NodePods } from '../../apiserver/authorization/node-pods.ts';
import { nodeAuthorizer } from '../../apiserver/authorization/node.ts';
import { roleBasedAccess, type RoleBasedAccess } from '../../apiserver/authorization/rbac.ts';
import { RoleIndex } from '../../apiserver/authorization/role-index.ts';
import { webhookAuthorizer } from '../../apiserver/authorization/webhook.ts';
import { accessReviews } from '../../apiserver/reviews/access.ts';
import { identityReviews } from '../../apiserver/reviews/identity.ts';
import type { ApiServerDependencies, VirtualHandler } from '../../apiserver/server-types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import type { Store } from '../../store/store.ts';
import { documentsOf, webhookOf, type AccessSettings, type AuthorizationMode } from '../settings/access-settings.ts';

/** Common names of proxies that may say who asks. */
export const frontProxyNames: readonly string[] = ['front-proxy-client'];

export interface AccessOptions {
  readonly store: Store;
  readonly reader: ObjectReader;
  readonly issuer: TokenIssuer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: AccessSettings;
  readonly dataDir: string;
  /** PEM of the authorities that sign clients' certificates, and those of front proxies. */
  readonly clientAuthority: string;
  readonly frontProxyAuthority: string;
  /** Host and port under which clients reach the server. */
  readonly address: () => string;
}

export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly impersonate: NonNullable<ApiServerDependencies['impersonate']>;
  /** Answers of the review kinds. */
  readonly virtual: ReadonlyMap<string, VirtualHandler>;
  /** OpenID discovery. */
  readonly paths: NonNullable<ApiServerDependencies['paths']>;
  /** To be the last of the admission plugins. */
  readonly escalation: AdmissionPlugin;
}

/** Throws when a file that the settings name can't be read. */
export function createAccess(options: AccessOptions): Access {
  const { store, issuer, clock, settings } = options;
  const roles = roleBasedAccess(new RoleIndex(store));
  const authorizer = authorizerOf(options, roles);
  const tokens = tokensOf(options);
  const { audiences } = issuer;
  const authenticators = [
    frontProxy({ authority: authorityOf(options.frontProxyAuthority), allowedNames: frontProxyNames, clock }),
    clientCertificates(authorityOf(options.clientAuthority), clock),
    bearerTokens(tokens, audiences),
  ];
  return {
    authenticator: anyOf(authenticators, settings.anonymous ?? true),
    authorizer,
    impersonate,
    virtual: new Map([...accessReviews(authorizer, roles), ...identityReviews({ tokens, audiences, clock })]),
    paths: issuerDiscovery(issuer, options.address),
    escalation: escalationCheck(roles, authorizer),
  };
}

function tokensOf({ reader, issuer, clock, settings, dataDir }: AccessOptions): TokenAuthenticator {
  const { tokenFile, oidc = [], tokenWebhook } = settings;
  return anyToken([
    ...(tokenFile === undefined ? [] : [staticTokens(readFileSync(resolve(dataDir, tokenFile), 'utf8'))]),
    new ServiceAccountTokens({ issuer, reader, clock }),
    bootstrapTokens(reader, clock),
    ...oidc.map(({ certificateAuthority, ...each }) =>
      oidcTokens({ ...each, clock, fetchJson: documentsOf(dataDir, certificateAuthority, clock) }),
    ),
    ...(tokenWebhook === undefined
      ? []
      : [
          webhookTokens({
            ask: webhookOf(dataDir, tokenWebhook, clock),
            clock,
            ...lifetime('lifetime', settings.tokenWebhookCacheTtl),
          }),
        ]),
  ]);
}

function lifetime<K extends string>(key: K, duration: string | undefined): { readonly [P in K]?: number } {
  return (duration === undefined ? {} : { [key]: durationMilliseconds(duration) }) as { readonly [P in K]?: number };
}

export const defaultModes: readonly AuthorizationMode[] = ['Node', 'RBAC'];

function authorizerOf(options: AccessOptions, roles: RoleBasedAccess): Authorizer {
  const { store, reader, clock, log, settings, dataDir } = options;
  const { modes = defaultModes, webhook = '', ...cached } = settings.authorization ?? {};
  const made: Readonly<Record<AuthorizationMode, () => Authorizer>> = {
    Node: () => nodeAuthorizer({ pods: new NodePods(store), reader }),
    RBAC: () => roles,
    Webhook: () =>
      webhookAuthorizer({
        ask: webhookOf(dataDir, webhook, clock),
        clock,
        log,
        ...lifetime('allowedLifetime', cached.webhookCacheAuthorizedTtl),
        ...lifetime('otherLifetime', cached.webhookCacheUnauthorizedTtl),
        ...(cached.webhookFailurePolicy === undefined ? {} : { failurePolicy: cached.webhookFailurePolicy }),
      }),
    AlwaysAllow: () => ({ authorize: () => ({ verdict: 'allow', reason: '' }) }),
    AlwaysDeny: () => ({ authorize: () => ({ verdict: 'no-opinion', reason: 'Everything is forbidden.' }) }),
  };
  return firstOpinion([administrators, ...modes.map((mode) => made[mode]())]);
}

/** The API server itself, for what it does on nobody's behalf. */
export const apiServerIdentity: UserInfo = component('system:apiserver', 'system:masters');

/** A component of the control plane, such as `kube-scheduler`. */
export function componentIdentity(name: string): UserInfo {
  return component(`system:${name}`);
}

/** Controllers run as service accounts, each with a cluster role of its own. */
export function controllerIdentity(name: string): UserInfo {
  return component(
    `system:serviceaccount:kube-system:${name}`,
    'system:serviceaccounts',
    'system:serviceaccounts:kube-system',
  );
}

function component(username: string, ...groups: readonly string[]): UserInfo {
  return { username, groups: [...groups, 'system:authenticated'] };
}
