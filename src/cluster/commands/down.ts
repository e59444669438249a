/** `coracle down`: the processes end, the server last; then pods and all that the cluster has set up on the machine. */
import { rmSync } from 'node:fs';
import type { DownOptions, DownResult } from '../../cli/manager.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import { tearDown } from '../machine/teardown.ts';
import { isRunning, processNames, stopProcess } from '../processes/processes.ts';
import { patienceOf, removeStopOrder, writeStopOrder } from '../processes/stop-order.ts';
import { stopPatience } from '../processes/supervisor.ts';
import { knownSettings, type ClusterSettings } from '../settings/settings.ts';

export async function down(environment: EnvironmentWithProgress, options: DownOptions): Promise<DownResult> {
  const { layout, clock, progress } = environment;
  const settings = knownSettings(layout);
  if (settings === undefined) return { wasRunning: false, stoppedPods: 0 };
  const wasRunning = isRunning(layout, settings);
  const began = clock.monotonic();
  await stopProcesses(environment, settings, options, wasRunning);
  if (wasRunning) progress.phase('processes stopped', clock.monotonic() - began);
  if (options.keepPods) return { wasRunning, stoppedPods: 0 };
  const removing = clock.monotonic();
  const stoppedPods = await tearDown(environment, settings);
  if (stoppedPods > 0) progress.phase('pods stopped', clock.monotonic() - removing);
  rmSync(layout.runDir, { recursive: true, force: true });
  return { wasRunning, stoppedPods };
}

async function stopProcesses(
  environment: EnvironmentWithProgress,
  settings: ClusterSettings,
  { keepPods, graceSeconds }: DownOptions,
  wasRunning: boolean,
): Promise<void> {
  const { layout } = environment;
  // One that was left by a `down` that was cut off must not speak for this one.
  removeStopOrder(layout);
  if (!keepPods && wasRunning) writeStopOrder(layout, graceSeconds);
  const patience = stopPatience + (keepPods ? 0 : patienceOf(graceSeconds));
  const names = processNames(settings);
  // The server last: agents write their last status while it still answers.
  await Promise.all(names.filter((name) => name !== 'server').map((name) => stopProcess(environment, name, patience)));
  if (names.includes('server')) await stopProcess(environment, 'server', patience);
  removeStopOrder(layout);
}
