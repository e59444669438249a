/**
 * Everything long-lived. `run` resolves when the service has ended by itself or because its signal was
 * aborted, having released everything it held; it rejects when the service failed.
 */
export interface Service {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs services side by side. When one fails, the others are aborted and its error is thrown. When the
 * signal aborts, all are awaited, last one first.
 */
export async function runAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const combined = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(
    services.map(async (service) => {
      try {
        await service.run(combined);
      } catch (error) {
        if (!combined.aborted) failed.abort(error);
        throw error;
      }
    }),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  if (signal.aborted) return;
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
