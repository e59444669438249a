/** Who may do what in a cluster: authenticators, authorisers, reviews, and the identities of components. */
import type { AdmissionPlugin, Authenticator, Authorizer, ObjectReader, UserInfo } from '../apiserver/access.ts';
import { impersonate } from '../apiserver/authentication/impersonation.ts';
import { ServiceAccountTokens } from '../apiserver/authentication/service-account.ts';
import type { TokenIssuer } from '../apiserver/authentication/token-issuer.ts';
import { anyToken, bearerTokens } from '../apiserver/authentication/tokens.ts';
import { anyOf } from '../apiserver/authentication/union.ts';
import { clientCertificates } from '../apiserver/authentication/x509.ts';
import { administrators, firstOpinion } from '../apiserver/authorization/basic.ts';
import { escalationCheck } from '../apiserver/authorization/escalation.ts';
import { NodePods } from '../apiserver/authorization/node-pods.ts';
import { nodeAuthorizer } from '../apiserver/authorization/node.ts';
import { roleBasedAccess } from '../apiserver/authorization/rbac.ts';
import { RoleIndex } from '../apiserver/authorization/role-index.ts';
import { accessReviews } from '../apiserver/reviews/access.ts';
import { identityReviews } from '../apiserver/reviews/identity.ts';
import type { ApiServerDependencies, VirtualHandler } from '../apiserver/server-types.ts';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';

export interface AccessOptions {
  readonly store: Store;
  readonly reader: ObjectReader;
  readonly issuer: TokenIssuer;
  readonly clock: Clock;
}

export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly impersonate: NonNullable<ApiServerDependencies['impersonate']>;
  /** Answers of the review kinds. */
  readonly virtual: ReadonlyMap<string, VirtualHandler>;
  /** To be the last of the admission plugins. */
  readonly escalation: AdmissionPlugin;
}

export function createAccess({ store, reader, issuer, clock }: AccessOptions): Access {
  const roles = roleBasedAccess(new RoleIndex(store));
  const nodes = nodeAuthorizer({ pods: new NodePods(store), reader });
  const authorizer = firstOpinion([administrators, nodes, roles]);
  const tokens = anyToken([new ServiceAccountTokens({ issuer, reader, clock })]);
  const { audiences } = issuer;
  return {
    authenticator: anyOf([clientCertificates(), bearerTokens(tokens, audiences)]),
    authorizer,
    impersonate,
    virtual: new Map([...accessReviews(authorizer, roles), ...identityReviews({ tokens, audiences, clock })]),
    escalation: escalationCheck(roles, authorizer),
  };
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
