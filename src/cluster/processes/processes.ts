/** Which processes a cluster has on this machine, whether they run, and their end. */
import { rmSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import type { Layout } from '../layout.ts';
import { nodeNames } from '../settings/nodes.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { isAlive, readState } from './process-state.ts';
import { stopPatience, stopSupervised, supervisorPid } from './supervisor.ts';

export const simulatedNodesName = 'simulated-nodes';

const agentPrefix = 'agent-';

export const agentName = (nodeName: string): string => `${agentPrefix}${nodeName}`;

/** The node of an agent; undefined for other processes. */
export function nodeNameOf(processName: string): string | undefined {
  return processName.startsWith(agentPrefix) ? processName.slice(agentPrefix.length) : undefined;
}

/**
 * Names of the processes of a cluster's first machine, in the order in which they depend on each other; of a machine
 * that has joined, its agent.
 */
export function processNames(settings: ClusterSettings): readonly string[] {
  if (settings.joined !== undefined) return [agentName(settings.nodeName)];
  const simulated = settings.simulatedNodes === undefined ? [] : [simulatedNodesName];
  return ['server', ...nodeNames(settings).map(agentName), ...simulated, 'ingress'];
}

/** Whether all of them are kept alive. */
export function isRunning(layout: Layout, settings: ClusterSettings): boolean {
  return processNames(settings).every((name) => supervisorPid(layout.runDir, name) !== undefined);
}

export function isServerRunning(layout: Layout): boolean {
  return supervisorPid(layout.runDir, 'server') !== undefined;
}

/** Milliseconds of `patience` until it is killed. */
export async function stopProcess(
  { layout, clock }: { readonly layout: Layout; readonly clock: Clock },
  name: string,
  patience = stopPatience,
): Promise<void> {
  const state = readState(layout.state(name));
  const pid = state !== undefined && isAlive(state) ? state.pid : undefined;
  await stopSupervised(layout.runDir, name, pid, clock, patience);
  rmSync(layout.state(name), { force: true });
}
