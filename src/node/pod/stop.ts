/** Stopping containers as their pod says: preStop hook, stop signal, grace, kill. */
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ContainerStatus, RuntimeService } from '../../runtime/runtime.ts';
import type { EventRecorder } from '../events.ts';
import { isAlive, type PodRuntime } from './history.ts';
import { findContainer, type AnyContainer } from './names.ts';
import type { Hooks } from './lifecycle.ts';

export interface StopDeps {
  readonly runtime: RuntimeService;
  readonly hooks: Hooks;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StopRequest {
  readonly pod: Pod;
  readonly podIp: string;
  /** Seconds. */
  readonly grace: number;
  /** Of the Killing event; `Stopping container x` when absent. */
  readonly message?: string;
}

/** The least that a container gets after its preStop hook. */
const leastGrace = 2;

export async function stopContainer(deps: StopDeps, container: ContainerStatus, request: StopRequest): Promise<void> {
  const { pod } = request;
  const message = request.message ?? `Stopping container ${container.name}`;
  deps.events.pod(pod, 'Normal', 'Killing', message, container.name);
  const begun = deps.clock.monotonic();
  const spec = findContainer(pod, container.name)?.spec;
  if (spec?.lifecycle?.preStop !== undefined && request.grace > 0) await preStop(deps, container, spec, request);
  const used = (deps.clock.monotonic() - begun) / 1000;
  const left = request.grace === 0 ? 0 : Math.max(leastGrace, request.grace - used);
  await deps.runtime.stopContainer(container.id, Math.ceil(left - 1e-6));
}

async function preStop(
  deps: StopDeps,
  container: ContainerStatus,
  spec: AnyContainer,
  request: StopRequest,
): Promise<void> {
  const handler = spec.lifecycle?.preStop;
  if (handler === undefined) return;
  const late = new AbortController();
  const timer = deps.clock.after(request.grace * 1000, () => late.abort(new Error('the grace period is over')));
  const expired = new Promise<void>((resolve) =>
    late.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const { pod, podIp } = request;
  const input = { pod, container: spec, containerId: container.id, podIp, handler, signal: late.signal };
  const hook = deps.hooks.run(input).catch((error: unknown) => {
    if (late.signal.aborted) return;
    deps.log.warn('preStop hook failed', { container: container.name, error: messageOf(error) });
    deps.events.pod(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', container.name);
  });
  await Promise.race([hook, expired]);
  timer.cancel();
}

/**
 * All that runs of a pod: regular and ephemeral containers and ordinary init containers side by side, then
 * sidecars one after the other in reverse order with what is left of the grace.
 */
export async function stopAll(deps: StopDeps, runtime: PodRuntime, request: StopRequest): Promise<void> {
  const begun = deps.clock.monotonic();
  const alive = runtime.containers.filter(isAlive);
  const sidecarNames = (request.pod.spec?.initContainers ?? [])
    .filter((each) => each.restartPolicy === 'Always')
    .map((each) => each.name);
  const others = alive.filter((each) => !sidecarNames.includes(each.name));
  await Promise.all(others.map((each) => stopContainer(deps, each, request)));
  for (const name of sidecarNames.toReversed()) {
    const used = (deps.clock.monotonic() - begun) / 1000;
    const grace = request.grace === 0 ? 0 : Math.max(leastGrace, request.grace - used);
    const sidecars = alive.filter((each) => each.name === name);
    await Promise.all(sidecars.map((each) => stopContainer(deps, each, { ...request, grace })));
  }
}
