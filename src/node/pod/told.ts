/** What the API was told of a container before: the runtime's records may be gone since, by a power cut. Pure. */
import type { ContainerState, ContainerStatus, PodStatus } from '../../api/core/pod-status.ts';
import type { SpecContainer } from './names.ts';

export function toldOf(previous: PodStatus | undefined, each: SpecContainer): ContainerStatus | undefined {
  const list = {
    init: previous?.initContainerStatuses,
    regular: previous?.containerStatuses,
    ephemeral: previous?.ephemeralContainerStatuses,
  }[each.role];
  return list?.find((status) => status.name === each.spec.name);
}

export const hasBeen = ({ running, terminated }: ContainerState): boolean =>
  running !== undefined || terminated !== undefined;

/** The attempt of a container of which the runtime knows none: a restart if it is told to have run. */
export function attemptAfter(told: ContainerStatus | undefined): number {
  if (told === undefined) return 0;
  const ran = hasBeen(told.state ?? {}) || hasBeen(told.lastState ?? {});
  return told.restartCount + (ran ? 1 : 0);
}
