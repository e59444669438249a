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

/** How it ended for all that is known: what ran when it was last seen has not lived through the loss of its record. */
export function endOf(
  told: ContainerStatus | undefined,
): { readonly state: 'exited'; readonly exitCode: number } | undefined {
  const { state = {}, lastState = {} } = told ?? {};
  if (state.running !== undefined) return { state: 'exited', exitCode: lostExitCode };
  const ended = state.terminated ?? lastState.terminated;
  return ended === undefined ? undefined : { state: 'exited', exitCode: ended.exitCode };
}

/** As upstream tells of it. */
export const lostExitCode = 137;

/** The attempt to come after what was told: a restart if it has run. */
export function attemptAfter(told: ContainerStatus | undefined): number {
  if (told === undefined) return 0;
  const ran = hasBeen(told.state ?? {}) || hasBeen(told.lastState ?? {});
  return told.restartCount + (ran ? 1 : 0);
}
