/** What the scheduler writes about pods that it could not place, and about those that make room for them. */
import { Pod } from '../api/core/pod.ts';
import { timestamp, type Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { isConflict, isNotFound, type Client } from '../client/client.ts';
import type { Events } from '../client/event-recorder.ts';
import type { Preemption } from './preempt.ts';

export interface ReportDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: Events;
  readonly logger: Logger;
}

export interface Unscheduled {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** Where room is made for the pod, empty for nowhere; as it was when left out. */
  readonly nominated?: string;
}

/** Asks the victims to go, and says so on each. Throws what the API answers, unless they are gone. */
export async function evict(
  { client, clock, events }: ReportDependencies,
  pod: Pod,
  { node, victims }: Preemption,
): Promise<void> {
  for (const victim of victims) {
    if (victim.metadata.deletionTimestamp !== undefined) continue;
    const ref = refOf(victim);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${pod.spec?.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: timestamp(clock.now()),
    };
    try {
      const status = { conditions: [condition] };
      await client.patch(Pod, ref, { status }, { type: 'strategic', subresource: 'status' });
      await client.delete(Pod, ref, { preconditions: { uid: victim.metadata.uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    events.normal(Pod, victim, 'Preempted', `Preempted by pod ${pod.metadata.uid} on node ${node}`);
  }
}

/** The pod is to look elsewhere: somebody more important takes the place that was made for it. */
export async function takeBack({ client }: ReportDependencies, pod: Pod): Promise<void> {
  const status = { nominatedNodeName: null };
  try {
    await client.patch(Pod, refOf(pod), { status }, { type: 'strategic', subresource: 'status' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The condition PodScheduled, when it says anything new. */
export async function markUnscheduled(deps: ReportDependencies, pod: Pod, said: Unscheduled): Promise<void> {
  const status = statusOf(pod, said, timestamp(deps.clock.now()));
  if (status === undefined) return;
  try {
    await deps.client.patch(Pod, refOf(pod), { status }, { type: 'strategic', subresource: 'status' });
  } catch (error) {
    const { namespace, name } = pod.metadata;
    if (!isNotFound(error)) {
      deps.logger.warn('could not update an unschedulable pod', { pod: `${namespace}/${name}`, error });
    }
  }
}

function statusOf(pod: Pod, said: Unscheduled, now: string): object | undefined {
  const condition = conditionOf(pod, said, now);
  const place = placeOf(pod, said);
  return condition === undefined && place === undefined ? undefined : { ...condition, ...place };
}

function conditionOf({ status }: Pod, { reason, message }: Unscheduled, now: string): object | undefined {
  const present = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const wasRefused = present?.status === 'False';
  if (wasRefused && present.message === message && present.reason === reason) return undefined;
  const lastTransitionTime = wasRefused ? {} : { lastTransitionTime: now };
  return { conditions: [{ type: 'PodScheduled', status: 'False', reason, message, ...lastTransitionTime }] };
}

function placeOf({ status }: Pod, { nominated }: Unscheduled): object | undefined {
  if (nominated === undefined || nominated === (status?.nominatedNodeName ?? '')) return undefined;
  return { nominatedNodeName: nominated === '' ? null : nominated };
}

/** What an event can hold, as upstream cuts it. */
export function shortened(message: string): string {
  const [longest, suffix] = [1024, ' ...'];
  return message.length <= longest ? message : `${message.slice(0, longest - suffix.length)}${suffix}`;
}

function refOf({ metadata }: Pod): { readonly namespace?: string; readonly name: string } {
  const { namespace, name } = metadata;
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}
