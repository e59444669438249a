/**
 * Pulls by name: asks the registry that the name says, with each of the credentials in turn; when it
 * cannot be reached, asks the mirrors that serve the name, and says so in the result.
 */
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Downloader } from './download.ts';
import { type HttpClient, HttpError } from './http.ts';
import type { ImageRecord, ImageStore } from './image-store.ts';
import type { Mirror } from './mirror.ts';
import { formatReference, parseReference, type Reference, ReferenceError, repositoryOf } from './reference.ts';
import { Registry, RegistryError, type Repository } from './registry.ts';
import { ImageError, type PullResult, type RegistryAuth } from './service.ts';

export interface PullerOptions {
  readonly store: ImageStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly http: HttpClient;
  readonly downloader: Downloader;
  readonly mirrors: readonly Mirror[];
  /** Milliseconds that a registry has to answer before a mirror is asked, when one serves the name. */
  readonly mirrorPatience: number;
  /** Milliseconds for which a registry that could not be reached is not asked again, when a mirror serves the name. */
  readonly unreachableFor: number;
}

const maxUnreachable = 64;

export class Puller {
  readonly #options: PullerOptions;
  readonly #tokens = new Map<string, string>();
  readonly #unreachable = new Map<string, { readonly until: number; readonly error: Error }>();

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /** Rejects with ImageError, or with the signal's reason. */
  async pull(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    const reference = parseImageName(image);
    const name = formatReference(reference);
    try {
      return await this.#options.store.adding(() => this.#pull(reference, auth, signal));
    } catch (error) {
      if (signal.aborted || isAbort(error) || error instanceof ImageError) throw error;
      throw new ImageError('ErrImagePull', `failed to pull and unpack image "${name}": ${describe(error, name)}`);
    }
  }

  /** Pulls from a repository under another name than its own: what a registry mirror does. */
  async pullFrom(
    repository: Repository,
    reference: Reference,
    auth: readonly RegistryAuth[],
    signal: AbortSignal,
  ): Promise<ImageRecord> {
    const credentials: readonly (RegistryAuth | undefined)[] = auth.length === 0 ? [undefined] : auth;
    for (const [index, credential] of credentials.entries()) {
      try {
        return await this.#download(
          new Registry(this.#options.http, repository, credential, this.#tokens),
          reference,
          signal,
        );
      } catch (error) {
        const refused = error instanceof RegistryError && (error.status === 401 || error.status === 403);
        if (!refused || index === credentials.length - 1) throw error;
      }
    }
    throw new Error('no credentials to try');
  }

  async #pull(reference: Reference, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    const mirrors = this.#options.mirrors.filter((mirror) => mirror.serves(reference));
    const repository = { host: hostOf(reference.domain), path: reference.path };
    try {
      const record =
        mirrors.length === 0
          ? await this.pullFrom(repository, reference, auth, signal)
          : await this.#pullImpatiently(repository, reference, auth, signal);
      return resultOf(record, reference);
    } catch (error) {
      if (signal.aborted) throw error;
      return await this.#askMirrors(mirrors, reference, error, signal);
    }
  }

  /** Gives up soon when the registry does not answer, and for a while does not ask it again. */
  async #pullImpatiently(
    repository: Repository,
    reference: Reference,
    auth: readonly RegistryAuth[],
    signal: AbortSignal,
  ): Promise<ImageRecord> {
    const { clock, mirrorPatience, unreachableFor } = this.#options;
    const known = this.#unreachable.get(repository.host);
    if (known !== undefined && known.until > clock.monotonic()) throw known.error;
    this.#unreachable.delete(repository.host);
    const patience = new AbortController();
    const timer = clock.after(mirrorPatience, () => {
      patience.abort(new HttpError(`${repository.host}: no answer within ${mirrorPatience / 1000} s`));
    });
    try {
      await this.#greet(repository, AbortSignal.any([signal, patience.signal]));
    } catch (error) {
      const cause = patience.signal.aborted ? (patience.signal.reason as Error) : error;
      if (!signal.aborted && cause instanceof HttpError && this.#unreachable.size < maxUnreachable) {
        this.#unreachable.set(repository.host, { until: clock.monotonic() + unreachableFor, error: cause });
      }
      throw cause;
    } finally {
      timer.cancel();
    }
    return this.pullFrom(repository, reference, auth, signal);
  }

  async #greet({ host }: Repository, signal: AbortSignal): Promise<void> {
    const { http } = this.#options;
    const answer = await http.request({ url: new URL(`${http.schemeOf(host)}://${host}/v2/`), signal });
    answer.discard();
  }

  async #askMirrors(
    mirrors: readonly Mirror[],
    reference: Reference,
    cause: unknown,
    signal: AbortSignal,
  ): Promise<PullResult> {
    const unreachable = cause instanceof HttpError;
    const missing = cause instanceof RegistryError && [401, 403, 404].includes(cause.status);
    for (const mirror of mirrors) {
      if (!unreachable && !(missing && mirror.whenMissing)) continue;
      const record = await mirror.provide(reference, signal);
      if (record === undefined) continue;
      this.#options.log.info('image from a mirror', {
        image: formatReference(reference),
        mirror: mirror.name,
        because: messageOf(cause),
      });
      return { ...resultOf(record, reference), mirror: mirror.name };
    }
    throw cause;
  }

  async #download(registry: Registry, reference: Reference, signal: AbortSignal): Promise<ImageRecord> {
    const { downloader, store } = this.#options;
    const found = await downloader.resolve(registry, reference.tag ?? '', reference.digest, signal);
    const known = store.list().find((record) => record.manifest === found.manifest);
    const digests = [`${repositoryOf(reference)}@${found.target}`];
    const tags = reference.digest === undefined ? [formatReference(reference)] : [];
    if (known === undefined) {
      await downloader.content(registry, found.manifest, signal);
    } else if (
      digests.every((digest) => known.digests.includes(digest)) &&
      tags.every((tag) => known.tags.includes(tag))
    ) {
      return known;
    }
    return store.add(found.manifest, { tags, digests }, signal);
  }
}

/** Throws ImageError with the words that users of invalid names know. */
export function parseImageName(image: string): Reference {
  try {
    return parseReference(image);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ImageError('InvalidImageName', `couldn't parse image name "${image}": ${error.message}`);
  }
}

function hostOf(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain;
}

function resultOf(record: ImageRecord, reference: Reference): PullResult {
  const repository = repositoryOf(reference);
  const ref =
    record.digests.findLast((digest) => digest.startsWith(`${repository}@`)) ?? `${repository}@${record.manifest}`;
  return { id: record.id, ref, sizeBytes: record.sizeBytes };
}

function describe(error: unknown, name: string): string {
  if (error instanceof RegistryError) {
    const subject = error.status === 404 ? `${name}: ` : '';
    return `failed to resolve reference "${name}": ${subject}${error.message}`;
  }
  if (error instanceof HttpError)
    return `failed to resolve reference "${name}": failed to do request: ${error.message}`;
  return messageOf(error);
}
