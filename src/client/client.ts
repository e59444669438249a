/**
 * How every component talks to the API: controllers, scheduler, agent, proxy, DNS, CLI. Two
 * implementations: over HTTPS (https-client.ts) and in process (made in src/cluster from the API server).
 */
import type { Draft, Kind, KubernetesObject } from '../api/kind.ts';

export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Only metadata.resourceVersion is known. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WriteOptions {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export interface RawRequest {
  readonly method: string;
  /** Path and query, such as `/api/v1/nodes/one/proxy/metrics`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ClientReader {
  get<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): Promise<T>;
  list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Ends when the server closes it; throws ApiError (410 Gone among them) and aborts with the signal. */
  watch<T extends KubernetesObject>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface Client extends ClientReader {
  create<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>, options?: WriteOptions): Promise<T>;
  update<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<T>;
  delete<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
  /**
   * POSTs to a subresource whose body is of another kind: `pods/NAME/binding`, `pods/NAME/eviction`,
   * `serviceaccounts/NAME/token`. The answer is whatever the server sends.
   */
  post<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, subresource: string, body: object): Promise<unknown>;
  /** Anything else. Does not throw on HTTP errors. */
  request(request: RawRequest): Promise<RawResponse>;
}

/** The API said no. Carries the whole Status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `Expired` ... */
  readonly reason: string;
  readonly status: Readonly<Record<string, unknown>>;

  constructor(code: number, reason: string, message: string, status: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.status = status;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.reason === 'NotFound';
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'AlreadyExists';
/** The watch or continue token is too old: list again. */
export const isExpired = (error: unknown): boolean => error instanceof ApiError && error.code === 410;
