/** What the API server is made of, and what one request is while it is worked on. */
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Store } from '../store/store.ts';
import type {
  AdmissionPlugin,
  Attributes,
  AuthenticationRequest,
  Authenticator,
  Authorizer,
  UserInfo,
} from './access.ts';
import type { Audit } from './audit/audit.ts';
import type { Exchange } from './http/exchange.ts';
import type { UpgradeRequest } from './http/websocket-exchange.ts';
import type { RequestInfo, ResourceRequest } from './http/request-info.ts';
import type { MediaType } from './http/negotiate.ts';
import type { Ledger, Preparation, Registry, Target, WriteContext } from './registry/context.ts';
import type { Resource, Resources } from './registry/resources.ts';
import type { DraftObject, Snapshot } from './registry/snapshot.ts';
import type { ConnectOptions } from './subresources/connect.ts';

/** What `/version` says. */
export interface VersionInfo {
  /** Such as `v1.35.0`: clients parse it. */
  readonly gitVersion: string;
  readonly gitCommit?: string;
  /** RFC 3339. */
  readonly buildDate?: string;
}

export interface HealthCheck {
  readonly name: string;
  /** Which endpoints ask: `livez` for what only a restart mends, `readyz` for what time mends. */
  readonly endpoints: readonly ('livez' | 'readyz')[];
  /** Throws when it is not well. */
  check(): void | Promise<void>;
}

/** Answers POSTs of a kind that is never stored (reviews). `draft` is decoded, defaulted and let in by admission. */
export interface VirtualHandler {
  /** Throws when the question is not well-formed. May settle what the path says of it. */
  check?(draft: DraftObject, namespace: string): void;
  answer(draft: DraftObject, user: UserInfo): DraftObject | Promise<DraftObject>;
}

/** Objects that are made when they are asked for. */
export interface ComputedKind {
  /** All of a namespace, or all there are when it is ''. */
  list(namespace: string): readonly DraftObject[] | Promise<readonly DraftObject[]>;
}

/** Who a request is to be treated as, when it asks for that. Throws a StatusError when it may not. */
export type Impersonator = (
  user: UserInfo,
  request: AuthenticationRequest,
  authorizer: Authorizer,
) => UserInfo | undefined | Promise<UserInfo | undefined>;

/** Whether a request is let in at once, later, or not at all (429). The result must be called at its end. */
export interface FlowControl {
  admit(user: UserInfo, attributes: Attributes): (() => void) | Promise<() => void>;
}

export interface ApiServerDependencies {
  readonly store: Store;
  readonly kinds: readonly Kind[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly version: VersionInfo;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission?: readonly AdmissionPlugin[];
  readonly impersonate?: Impersonator;
  /** Tells about requests; nothing does without it. */
  readonly audit?: Audit | undefined;
  readonly preparations?: ReadonlyMap<string, Preparation>;
  /** Counts beside all writes: quotas. */
  readonly ledger?: Ledger | undefined;
  /** By `group/plural`, such as `authorization.k8s.io/selfsubjectaccessreviews`. */
  readonly virtual?: ReadonlyMap<string, VirtualHandler>;
  /** By `group/plural`: kinds that are answered from here instead of the store (get and list only). */
  readonly computed?: ReadonlyMap<string, ComputedKind>;
  /** By `group/plural/subresource`, beside the built-in ones. */
  readonly subresources?: ReadonlyMap<string, SubresourceHandler>;
  readonly checks?: readonly HealthCheck[];
  /** Reaches kubelets; without it, log, exec and the like answer 503. */
  readonly nodes?: NodeConnector;
  /** `host:port` under which clients reach this server, for legacy discovery. */
  readonly externalAddress?: () => string;
  /** Answers paths outside /api and /apis that others know (`/.well-known/openid-configuration`, `/openid/v1/jwks`). */
  readonly paths?: ReadonlyMap<string, (exchange: Exchange, info: RequestInfo) => void | Promise<void>>;
}

/** The client side of the kubelet's HTTPS API. */
export interface NodeConnector {
  /**
   * For one connection, PEM: what the server shows itself to kubelets with, and `ca`, what their certificates
   * must be signed by.
   */
  material(): { readonly key: string; readonly cert: string; readonly ca: string };
}

/** A request for a resource, authorised. */
export interface Call {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly request: ResourceRequest;
  readonly resource: Resource;
  readonly target: Target;
  readonly user: UserInfo;
  readonly media: MediaType;
  readonly context: WriteContext;
  readonly warnings: string[];
  readonly server: ServerState;
}

/** What all requests share. */
export interface ServerState {
  readonly registry: Registry;
  readonly resources: Resources;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly dependencies: ApiServerDependencies;
}

/** How a call ends. */
export type Answer =
  /** An object of a resource as it is stored. */
  | { readonly type: 'object'; readonly status: number; readonly resource: Resource; readonly snapshot: Snapshot }
  /** Anything else with a kind. */
  | { readonly type: 'value'; readonly status: number; readonly value: object; readonly kind?: Kind }
  /** The handler has written the answer itself. */
  | { readonly type: 'done' };

export interface SubresourceHandler {
  /** Discovery's and authorisation's verbs that it answers: get, create, update, patch, delete. */
  readonly verbs: readonly string[];
  /** Set for connections: what admission sees as their object. */
  readonly connect?: ConnectOptions;
  handle(call: Call): Answer | Promise<Answer>;
  /** Answers an upgrade (exec, attach, portforward, proxy). */
  upgrade?(call: UpgradeCall): void | Promise<void>;
}

export interface UpgradeCall extends UpgradeRequest {
  readonly info: RequestInfo;
  readonly request: ResourceRequest;
  readonly resource: Resource;
  readonly target: Target;
  readonly user: UserInfo;
  readonly context: WriteContext;
  readonly server: ServerState;
}
