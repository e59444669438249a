/** The scheduler with what its configuration says. Events about a pod come from the scheduler that it asked for. */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { Pod } from '../../api/core/pod.ts';
import { EventRecorder, type Events } from '../../client/event-recorder.ts';
import type { SchedulerConfiguration } from '../../scheduler/configuration/read.ts';
import { defaultProfiles, defaultSchedulerName } from '../../scheduler/profile.ts';
import { Scheduler, type SchedulerDependencies } from '../../scheduler/scheduler.ts';

export function schedulerOf(
  deps: Pick<SchedulerDependencies, 'client' | 'informers' | 'clock' | 'random' | 'logger'>,
  { profiles = defaultProfiles, ...rest }: Partial<SchedulerConfiguration>,
): { readonly scheduler: Scheduler; readonly recorders: readonly EventRecorder[] } {
  const recorders = new Map(
    Object.keys(profiles).map((component) => [component, new EventRecorder({ ...deps, component })] as const),
  );
  const logger = deps.logger.named('scheduler');
  const scheduler = new Scheduler({ ...deps, ...rest, profiles, logger, events: bySchedulerName(recorders) });
  return { scheduler, recorders: [...recorders.values()] };
}

function bySchedulerName(recorders: ReadonlyMap<string, Events>): Events {
  const [first] = recorders.values();
  const of = (object: KubernetesObject): Events | undefined =>
    recorders.get((object as Pod).spec?.schedulerName ?? defaultSchedulerName) ?? first;
  return {
    normal: (kind: Kind, object, reason, message) => of(object)?.normal(kind, object, reason, message),
    warning: (kind: Kind, object, reason, message) => of(object)?.warning(kind, object, reason, message),
    record: (regarding, type, reason, message) => first?.record(regarding, type, reason, message),
  };
}
