import type { Clock } from '../base/clock.ts';

/** The promise's value, or undefined when `milliseconds` pass first. What the promise does later is not awaited. */
export function within<T>(clock: Clock, milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(milliseconds, () => resolve(undefined));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
