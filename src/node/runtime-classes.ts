/** Which runtime handler a pod's RuntimeClass names. */
import { RuntimeClass } from '../api/node/runtime-class.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Clock } from '../base/clock.ts';
import { isNotFound, type ClientReader } from '../client/client.ts';

interface Kept {
  readonly handler: string;
  readonly until: number;
}

/** A class's handler is immutable, but the class may be deleted and made anew. */
const keepFor = 60_000;
const mostKept = 100;

export function runtimeClassHandlers(client: ClientReader, clock: Clock): (pod: Pod) => Promise<string> {
  const kept = new Map<string, Kept>();
  return async (pod) => {
    const name = pod.spec?.runtimeClassName ?? '';
    if (name === '') return '';
    const known = kept.get(name);
    if (known !== undefined && known.until > clock.now()) return known.handler;
    try {
      const { handler } = await client.get(RuntimeClass, { name });
      if (kept.size >= mostKept) kept.clear();
      kept.set(name, { handler, until: clock.now() + keepFor });
      return handler;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new Error(`failed to get sandbox runtime: no runtime for "${name}" is configured: RuntimeClass not found`, {
        cause: error,
      });
    }
  };
}
