/**
 * What is being done with volumes, beside the pods' workers: a driver or a file server that does not answer holds its
 * own volume, and nobody who has something else to do.
 */
import { VolumeError } from './volume.ts';

export class Operations {
  /** Pods by uid to what is being done with their volumes, by what it is and with which. */
  readonly #running = new Map<string, Map<string, Promise<unknown>>>();

  /**
   * Resolves or rejects as `work` does. Who asks for the same (`what`, of the pod with the uid) while it is being done
   * gets the same outcome. Rejects as soon as the signal aborts; what was begun goes on.
   */
  async run<T>(uid: string, what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const own = this.#running.get(uid) ?? new Map<string, Promise<unknown>>();
    this.#running.set(uid, own);
    const running = (own.get(what) as Promise<T> | undefined) ?? this.#begin(uid, own, what, work);
    return unlessAborted(running, signal);
  }

  /** When nothing more is being done with the pod's volumes, however it ended. */
  async settled(uid: string): Promise<void> {
    const running = this.#running.get(uid);
    if (running !== undefined) await Promise.allSettled(running.values());
  }

  #begin<T>(uid: string, own: Map<string, Promise<unknown>>, what: string, work: () => Promise<T>): Promise<T> {
    const running = work().finally(() => {
      own.delete(what);
      if (own.size === 0 && this.#running.get(uid) === own) this.#running.delete(uid);
    });
    own.set(what, running);
    // Whoever began it may no longer be there to hear how it ended.
    running.catch(() => {});
    return running;
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortReason(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const abortReason = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new VolumeError('nobody waits for the volume any more');
