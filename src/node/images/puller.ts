/**
 * Gets a container's image by its pull policy, with upstream's events and back-off (10 s doubling to 5 min per pod
 * and image). Pulls of the same image with the same credentials at the same time are one; at most `parallel` run.
 */
import type { Pod } from '../../api/core/pod.ts';
import type { Secret } from '../../api/core/secret.ts';
import type { Clock } from '../../base/clock.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import { ImageError, type ImageInfo, type ImageService, type PullResult } from '../../runtime/runtime.ts';
import type { EventRecorder } from '../events.ts';
import { dueAt, nextEntry, type BackoffEntry } from '../pod/backoff.ts';
import { Limiter } from '../pod/limiter.ts';
import { WaitingError } from '../pod/waiting-error.ts';
import { credentialsFor } from './credentials.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface PullRequest {
  readonly pod: Pod;
  /** The container that needs it, for events; an image volume's name is not one. */
  readonly container: string | undefined;
  readonly image: string;
  readonly policy: PullPolicy;
  readonly secrets: readonly Secret[];
  readonly signal: AbortSignal;
}

export interface PullerOptions {
  readonly images: ImageService;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly parallel: number;
}

interface Failure {
  readonly entry: BackoffEntry;
  readonly message: string;
}

const limits = { first: 10_000, longest: 300_000 };
const mostFailures = 1000;

export class Puller {
  readonly #options: PullerOptions;
  readonly #limiter: Limiter;
  readonly #failures = new Map<string, Failure>();
  readonly #running = new Map<string, Promise<PullResult>>();
  /** When an image was last asked for, in milliseconds since the epoch: garbage collection spares the young. */
  readonly #lastUsed = new Map<string, number>();

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#limiter = new Limiter(options.parallel);
  }

  lastUsed(id: string): number | undefined {
    return this.#lastUsed.get(id);
  }

  /** The image, present on this node. Throws WaitingError. */
  async ensure(request: PullRequest): Promise<ImageInfo> {
    const reference = this.#reference(request);
    const present = await this.#options.images.imageStatus(reference);
    const image = this.#usable(request, present) ?? (await this.#pull(request, reference));
    this.#lastUsed.set(image.id, this.#options.clock.now());
    return image;
  }

  #reference(request: PullRequest): string {
    try {
      return withDefaultTag(request.image);
    } catch (error) {
      const message = `Failed to apply default image tag "${request.image}": ${messageOf(error)}`;
      this.#event(request, 'Warning', 'InspectFailed', message);
      throw new WaitingError('InvalidImageName', message, 'InvalidImageName');
    }
  }

  #usable(request: PullRequest, present: ImageInfo | undefined): ImageInfo | undefined {
    if (request.policy === 'Never' && present === undefined) {
      const message = `Container image "${request.image}" is not present with pull policy of Never`;
      this.#event(request, 'Warning', 'ErrImageNeverPull', message);
      throw new WaitingError('ErrImageNeverPull', message, 'ErrImageNeverPull');
    }
    if (present === undefined || request.policy === 'Always') return undefined;
    const message = `Container image "${request.image}" already present on machine and can be accessed by the pod`;
    this.#event(request, 'Normal', 'Pulled', message);
    return present;
  }

  async #pull(request: PullRequest, reference: string): Promise<ImageInfo> {
    const { clock } = this.#options;
    const key = `${request.pod.metadata.uid}_${request.image}`;
    this.#checkBackoff(request, key);
    this.#event(request, 'Normal', 'Pulling', `Pulling image "${request.image}"`);
    const asked = clock.monotonic();
    try {
      const { result, took } = await this.#limiter.run(request.signal, async () => {
        const begun = clock.monotonic();
        const result = await this.#shared(request, reference);
        return { result, took: clock.monotonic() - begun };
      });
      this.#failures.delete(key);
      const total = goDuration(clock.monotonic() - asked);
      const mirror = result.mirror === undefined ? '' : ` Answered by mirror ${result.mirror}.`;
      this.#event(
        request,
        'Normal',
        'Pulled',
        `Successfully pulled image "${request.image}" in ${goDuration(took)} (${total} including waiting). ` +
          `Image size: ${result.sizeBytes} bytes.${mirror}`,
      );
      const image = await this.#options.images.imageStatus(result.id);
      if (image === undefined) throw new ImageError('ErrImagePull', `image ${result.id} vanished after it was pulled`);
      return image;
    } catch (error) {
      if (isAbort(error) || request.signal.aborted) throw error;
      throw this.#failed(request, key, error);
    }
  }

  #shared(request: PullRequest, reference: string): Promise<PullResult> {
    const auth = credentialsFor(request.image, request.secrets);
    const key = JSON.stringify([reference, auth]);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const pull = this.#options.images
      .pullImage(reference, auth, request.signal)
      .finally(() => this.#running.delete(key));
    this.#running.set(key, pull);
    return pull;
  }

  #checkBackoff(request: PullRequest, key: string): void {
    const failure = this.#failures.get(key);
    if (failure === undefined) return;
    const due = dueAt(failure.entry, failure.entry.updatedAt, limits);
    if (due === undefined || due <= this.#options.clock.now()) return;
    const message = `Back-off pulling image "${request.image}"`;
    this.#event(request, 'Normal', 'BackOff', message);
    throw new WaitingError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`, 'ImagePullBackOff', due);
  }

  #failed(request: PullRequest, key: string, error: unknown): WaitingError {
    const now = this.#options.clock.now();
    const message = messageOf(error);
    this.#event(request, 'Warning', 'Failed', `Failed to pull image "${request.image}": ${message}`);
    const entry = nextEntry(this.#failures.get(key)?.entry, now, now, limits);
    if (this.#failures.size >= mostFailures) this.#failures.clear();
    this.#failures.set(key, { entry, message });
    const reason = error instanceof ImageError ? error.reason : 'ErrImagePull';
    return new WaitingError(reason, message, reason, now + showBackoffAfter);
  }

  #event(request: PullRequest, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.events.pod(request.pod, type, reason, message, request.container);
  }
}

/** A failed pull shows as ErrImagePull this long, then as ImagePullBackOff until the next try. */
const showBackoffAfter = 3000;

const referencePattern =
  /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?\/|\[[0-9a-fA-F:]+\](?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** `name:latest` where neither a tag nor a digest is written. Throws on what is no image name. */
export function withDefaultTag(image: string): string {
  const match = referencePattern.exec(image);
  if (match === null) {
    const upper = /[A-Z]/.test(image) && referencePattern.test(image.toLowerCase());
    const complaint = upper ? 'repository name must be lowercase' : 'reference format';
    throw new Error(`couldn't parse image name "${image}": invalid reference format${upper ? `: ${complaint}` : ''}`);
  }
  return match[1] === undefined && match[2] === undefined ? `${image}:latest` : image;
}

/** Go's spelling of a duration, to the millisecond: `1.661s`, `313ms`, `1m2.5s`. */
export function goDuration(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  if (whole === 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (minutes < 60) return minutes === 0 ? seconds : `${minutes}m${seconds}`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
