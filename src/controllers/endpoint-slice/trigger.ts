/**
 * When what a Service's endpoints say last changed: a pod became ready or unready, or the Service is new. For those
 * who measure how long it takes until a change has come through.
 */
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';

export const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: number;
  readonly pods: ReadonlyMap<string, number>;
}

/** Remembers, for each Service, what was seen the last time. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** RFC 3339: the first of the changes since the last look; undefined when there was none. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const made = parseTimestamp(service.metadata.creationTimestamp);
    const turned = new Map(pods.flatMap(turnOf));
    this.#seen.set(key, { service: made, pods: turned });
    if (before === undefined) return timestamp(made);
    const changes = [...turned].filter(([name, at]) => at > (before.pods.get(name) ?? -Infinity)).map(([, at]) => at);
    if (made > before.service) changes.push(made);
    return changes.length === 0 ? undefined : timestamp(changes.reduce((first, at) => Math.min(first, at)));
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

function turnOf({ metadata, status }: Pod): readonly (readonly [name: string, at: number])[] {
  const at = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return at === undefined ? [] : [[metadata.name, parseTimestamp(at)]];
}
