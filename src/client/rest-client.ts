/**
 * The typed client over any transport. Objects are returned frozen.
 *
 * A server that is busy (429, or 503 with Retry-After) is asked again when it said, up to ten times; a
 * request that did not leave is sent again once. Nothing else is: whoever writes decides what to repeat.
 */
import type { Clock } from '../base/clock.ts';
import { systemRandom, type Random } from '../base/random.ts';
import type { Draft, Kind, KubernetesObject } from '../api/kind.ts';
import { deepFreeze } from '../schema/freeze.ts';
import {
  type Client,
  type DeleteOptions,
  type ListOptions,
  type ObjectList,
  type ObjectRef,
  type PatchOptions,
  type RawRequest,
  type RawResponse,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from './client.ts';
import { linesOf } from './lines.ts';
import { deleteBody, listQuery, patchTypes, pathOf, watchQuery, writeQuery } from './rest-requests.ts';
import { apiErrorOf, errorOfEvent } from './status.ts';
import { ConnectionError, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';

export interface RestClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random?: Random;
  /** Such as `coracle-agent/0.1.0`. */
  readonly userAgent?: string;
  /** Milliseconds for a whole request, watches excepted. */
  readonly timeout?: number;
}

/** Seconds that a watch lives: between the two, so that not all are renewed at once. */
const watchLife = { least: 300, most: 600 };
const busyAttempts = 10;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export class RestClient implements Client {
  readonly #options: RestClientOptions;
  readonly #random: Random;

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): Promise<T> {
    return (await this.#json({ method: 'GET', path: pathOf(kind, ref) })) as T;
  }

  async list<T extends KubernetesObject>(kind: Kind<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const path = `${pathOf(kind, { namespace: options.namespace })}${listQuery(options)}`;
    const list = (await this.#json({ method: 'GET', path })) as {
      readonly items?: readonly T[] | null;
      readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
    };
    const { resourceVersion = '', continue: next = '' } = list.metadata ?? {};
    return { items: list.items ?? [], resourceVersion, ...(next !== '' && { continue: next }) };
  }

  async *watch<T extends KubernetesObject>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const { namespace, signal } = options;
    const seconds = Math.round(watchLife.least + this.#random.next() * (watchLife.most - watchLife.least));
    const path = `${pathOf(kind, { namespace })}${watchQuery(options, seconds)}`;
    try {
      const response = await this.#send({ method: 'GET', path, signal });
      if (response.status !== 200) throw apiErrorOf(response.status, await response.whole());
      for await (const line of linesOf(response.chunks())) yield eventOf<T>(line);
    } catch (error) {
      throw reasonOr(error, signal);
    }
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    const ref = options.subresource === undefined ? { namespace } : { namespace, name: name ?? '' };
    const path = `${pathOf(kind, ref, options.subresource)}${writeQuery(options)}`;
    return (await this.#json({ method: 'POST', path, body: typed(kind, object), signal: options.signal })) as T;
  }

  async update<T extends KubernetesObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = `${pathOf(kind, object.metadata, options.subresource)}${writeQuery(options)}`;
    return (await this.#json({ method: 'PUT', path, body: typed(kind, object), signal: options.signal })) as T;
  }

  async patch<T extends KubernetesObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const path = `${pathOf(kind, ref, options.subresource)}${writeQuery(options)}`;
    const type = patchTypes[options.type];
    return (await this.#json({ method: 'PATCH', path, type, body: patch, signal: options.signal })) as T;
  }

  async delete<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    await this.#json({ method: 'DELETE', path: pathOf(kind, ref), body: deleteBody(options) });
  }

  post<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, subresource: string, body: object): Promise<unknown> {
    return this.#json({ method: 'POST', path: pathOf(kind, ref, subresource), body });
  }

  async request(request: RawRequest): Promise<RawResponse> {
    const { method, path, headers = {}, body, signal } = request;
    const response = await this.#attempt({
      method,
      path,
      headers: { ...this.#headers(), ...headers },
      ...(body !== undefined && { body }),
      signal,
    });
    return { status: response.status, headers: response.headers, body: await response.whole() };
  }

  async #json(call: Call): Promise<unknown> {
    const { clock, timeout = 60_000 } = this.#options;
    const late = new AbortController();
    const timer = clock.after(timeout, () => late.abort(new ConnectionError(`no answer within ${timeout} ms`, false)));
    const signal = call.signal === undefined ? late.signal : AbortSignal.any([call.signal, late.signal]);
    try {
      const response = await this.#send({ ...call, signal });
      const body = await response.whole();
      if (response.status >= 400) throw apiErrorOf(response.status, body);
      return deepFreeze(JSON.parse(decoder.decode(body)) as unknown);
    } catch (error) {
      throw reasonOr(error, signal);
    } finally {
      timer.cancel();
    }
  }

  /** Asks again while the server says that it is busy. */
  async #send({ method, path, type = 'application/json', body, signal }: Call): Promise<TransportResponse> {
    const request: TransportRequest = {
      method,
      path,
      headers: { ...this.#headers(), ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    };
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#attempt(request);
      const delay = retryAfter(response);
      if (delay === undefined || attempt === busyAttempts) return response;
      await response.whole();
      await this.#options.clock.sleep(delay, signal);
    }
  }

  async #attempt(request: TransportRequest): Promise<TransportResponse> {
    const { transport } = this.#options;
    try {
      return await transport.send(request);
    } catch (error) {
      if (error instanceof ConnectionError && error.unsent && request.signal?.aborted !== true) {
        return transport.send(request);
      }
      throw error;
    }
  }

  #headers(): Record<string, string> {
    return { accept: 'application/json', 'user-agent': this.#options.userAgent ?? 'coracle' };
  }
}

const decoder = new TextDecoder();

function eventOf<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: T };
  if (type === 'ERROR') throw errorOfEvent(object);
  if (type === 'BOOKMARK') return { type, resourceVersion: object.metadata.resourceVersion };
  return { type: type as 'ADDED' | 'MODIFIED' | 'DELETED', object: deepFreeze(object) };
}

/** What an aborted request fails with differs; the signal knows why. */
function reasonOr(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : error;
}

/** Milliseconds, when the server asks to come back. */
function retryAfter({ status, headers }: TransportResponse): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if (status !== 429 && status !== 503) return undefined;
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/** Bodies name their type, whatever the caller left out. */
function typed(kind: Kind, object: object): object {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
}
