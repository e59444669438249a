/**
 * The contracts between the request pipeline and what guards it: who is asking (authentication), may they
 * (authorization), and is the object acceptable (admission). Implementations live in authentication/,
 * authorization/ and admission/; the pipeline knows only these shapes.
 */
import type { IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Kind, KubernetesObject } from '../api/kind.ts';

export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuthenticationRequest {
  readonly headers: IncomingHttpHeaders;
  /** Path without the query. */
  readonly path: string;
  /** Absent for in-process requests. */
  readonly socket?: TLSSocket;
}

export interface Authenticator {
  /** The user, or undefined when this authenticator finds no credentials of its kind. Throws AuthenticationError on bad ones. */
  authenticate(request: AuthenticationRequest): Promise<UserInfo | undefined>;
}

/** Credentials were presented and are wrong: 401. The message goes to the log, and to the client only if `told`. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly told: boolean;

  constructor(message: string, { told = false }: { readonly told?: boolean } = {}) {
    super(message);
    this.told = told;
  }
}

/** What is to be done, as RBAC sees it. */
export interface Attributes {
  readonly user: UserInfo;
  /** get, list, watch, create, update, patch, delete, deletecollection, or a lower-case HTTP method for paths. */
  readonly verb: string;
  /** Set for resource requests; otherwise only `path` counts. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
    readonly subresource: string;
    /** '' for cluster scope or all namespaces. */
    readonly namespace: string;
    /** '' when the request names no object. */
    readonly name: string;
    readonly fieldSelector?: string;
    readonly labelSelector?: string;
  };
  readonly path: string;
}

export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'no-opinion';
  readonly reason: string;
  /** What went wrong on the way. A request that nobody allows then fails with 500: it may have been allowed. */
  readonly error?: string;
}

export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  readonly operation: Operation;
  readonly kind: Kind;
  /** '' or `status`, `scale`, `binding`, `exec` ... */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The new object: mutating plugins change it in place. Absent for DELETE; the options for CONNECT. */
  readonly object?: Record<string, unknown>;
  /** The object as it is stored, frozen. Absent for CREATE. */
  readonly old?: KubernetesObject;
  /** Create-, Update-, Patch- or DeleteOptions. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Adds a `Warning:` header to the answer. */
  warn(text: string): void;
  /** Adds an annotation to what the audit log says of the request. */
  annotate(key: string, value: string): void;
}

/**
 * One admission plugin. Both methods throw a StatusError (errors.ts), usually forbidden, to refuse.
 * All `admit`s run before validation, all `validate`s after it.
 */
export interface AdmissionPlugin {
  /** Upstream's name, by which flags switch it. */
  readonly name: string;
  handles(request: Pick<AdmissionRequest, 'operation' | 'kind' | 'subresource'>): boolean;
  admit?(request: AdmissionRequest): void | Promise<void>;
  validate?(request: AdmissionRequest): void | Promise<void>;
}

/** Synchronous reads of durable state, for authorizers and admission plugins. Objects are frozen. */
export interface ObjectReader {
  get<T extends KubernetesObject>(kind: Kind<T>, namespace: string, name: string): T | undefined;
  /** All namespaces when `namespace` is ''. */
  list<T extends KubernetesObject>(kind: Kind<T>, namespace: string): readonly T[];
}
