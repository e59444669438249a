/** The Client of components that run in the server's own process: no HTTP, and objects are shared, not copied. */
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { StatusError } from '../../apiserver/errors.ts';
import type { LocalApi } from '../../apiserver/local.ts';
import {
  ApiError,
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
} from '../../client/client.ts';

export function localClient(api: LocalApi): Client {
  return {
    get: <T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): Promise<T> => asApiError(api.get(kind, ref)),
    list: <T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>> =>
      asApiError(api.list(kind, options)),
    watch: <T extends KubernetesObject>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> =>
      translated(api.watch(kind, options)),
    create: <T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>, options?: WriteOptions): Promise<T> =>
      asApiError(api.create(kind, object, options)),
    update: <T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T> =>
      asApiError(api.update(kind, object, options)),
    patch: <T extends KubernetesObject>(
      kind: Kind<T>,
      ref: ObjectRef,
      patch: unknown,
      options: PatchOptions,
    ): Promise<T> => asApiError(api.patch(kind, ref, patch, options)),
    delete: <T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> => {
      const { dryRun, ...rest } = options;
      return asApiError(api.delete(kind, ref, dryRun === true ? { ...rest, dryRun: ['All'] } : rest));
    },
    post: <T extends KubernetesObject>(
      kind: Kind<T>,
      ref: ObjectRef,
      subresource: string,
      body: object,
    ): Promise<unknown> => asApiError(api.post(kind, ref, subresource, body)),
    request: (request: RawRequest): Promise<RawResponse> => api.request(request),
  };
}

async function asApiError<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw translate(error);
  }
}

/** Not a generator, which would cost several promises more for each event. */
function translated<T>(events: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
  return {
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]();
      return {
        next: () => asApiError(inner.next()),
        return: () => inner.return?.() ?? Promise.resolve({ value: undefined, done: true }),
      };
    },
  };
}

function translate(error: unknown): unknown {
  if (!(error instanceof StatusError)) return error;
  return new ApiError(error.code, error.reason, error.message, { ...error.status });
}
