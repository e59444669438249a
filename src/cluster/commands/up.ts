/** `coracle up`, and on a machine that has joined another's cluster the start of its node. */
import { simulatedNode } from '../../api/core/simulated-node.ts';
import { aborted } from '../../base/service.ts';
import {
  defaultGraceSeconds,
  type JoinOptions,
  type JoinResult,
  type UpOptions,
  type UpResult,
} from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { checkAuthority } from '../credentials/credentials.ts';
import { defaultKubeconfig, writeContext } from '../credentials/kubeconfig.ts';
import { makeDataDir } from '../data-dir.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import { join } from '../joining/join.ts';
import { contextName, type Layout } from '../layout.ts';
import { ensurePrerequisites } from '../machine/prerequisites.ts';
import type { Phase } from '../processes/process-state.ts';
import { isRunning, processNames, simulatedNodesName, stopProcess } from '../processes/processes.ts';
import { prepareCredentials, startProcesses, waitUntilReady } from '../processes/start.ts';
import { nodeNames } from '../settings/nodes.ts';
import { announcedSettings, readSettings, type ClusterSettings } from '../settings/settings.ts';
import { settle } from '../settings/settle.ts';
import { askCluster } from './administrator.ts';
import { down } from './down.ts';
import { bringAuthority } from './keys.ts';
import { refuseOthers, requestedSettings } from './requested-settings.ts';

export async function up(
  environment: EnvironmentWithProgress,
  options: UpOptions,
  signal: AbortSignal,
): Promise<UpResult | JoinResult> {
  const { layout, clock, progress } = environment;
  const began = clock.monotonic();
  ensurePrerequisites((line) => progress.note(line));
  refuseOthers(layout);
  const kept = readSettings(layout);
  const result =
    kept?.joined === undefined
      ? {
          ...(await startCluster(environment, options, kept, signal)),
          milliseconds: Math.round(clock.monotonic() - began),
        }
      : await startJoined(environment, options, signal);
  if (options.foreground) await stayInForeground(environment, signal);
  return result;
}

export function joinMachine(
  environment: EnvironmentWithProgress,
  options: JoinOptions,
  signal: AbortSignal,
): Promise<JoinResult> {
  refuseOthers(environment.layout);
  return join(environment, options, signal);
}

async function startCluster(
  environment: EnvironmentWithProgress,
  options: UpOptions,
  kept: ClusterSettings | undefined,
  signal: AbortSignal,
): Promise<Omit<UpResult, 'milliseconds'>> {
  const { layout, clock } = environment;
  const running = kept !== undefined && isRunning(layout, kept);
  const request = await requestedSettings(environment, options, kept);
  makeDataDir(layout.dataDir);
  if (options.authority !== undefined) bringAuthority(environment, options.authority, running);
  else if (!running) checkAuthority(layout.pki, clock.now());
  const settings = await settle(layout, request);
  const phases = await start(environment, running ? kept : undefined, settings, signal);
  await forgetSimulated(environment, kept, settings);
  return {
    alreadyRunning: running,
    ...(await writeAccess(layout, settings, options.kubeconfig)),
    nodes: nodeNames(settings),
    simulatedNodes: settings.simulatedNodes ?? 0,
    phases: running ? [] : phases,
  };
}

/** The cluster is another machine's: its settings are made there. */
function startJoined(
  environment: EnvironmentWithProgress,
  { foreground: _foreground, guards = {}, ...others }: UpOptions,
  signal: AbortSignal,
): Promise<JoinResult> {
  if (Object.keys(others).length + Object.keys(guards).length > 0) {
    throw new UserError(
      'this machine has joined a cluster, whose settings are those of its server',
      'start its node without other flags: coracle up, or coracle join',
    );
  }
  return join(environment, {}, signal);
}

/** `before`: as the cluster runs, if it does. */
async function start(
  environment: EnvironmentWithProgress,
  before: ClusterSettings | undefined,
  settings: ClusterSettings,
  signal: AbortSignal,
): Promise<readonly Phase[]> {
  const sameProcesses = before !== undefined && deepEqual(processNames(before), processNames(settings));
  if (!sameProcesses) await prepareCredentials(environment, settings);
  if (before === undefined) await stopOutdated(environment, settings);
  if (before?.simulatedNodes !== settings.simulatedNodes) await stopProcess(environment, simulatedNodesName);
  await startProcesses(environment, settings);
  return await waitUntilReady(environment, settings, signal);
}

/** Processes that a failed start has left, or a part of the cluster that still runs: they read their settings once. */
async function stopOutdated(environment: EnvironmentWithProgress, settings: ClusterSettings): Promise<void> {
  const announced = announcedSettings(environment.layout);
  if (announced === undefined) return;
  const { dataDir: _dataDir, ...past } = announced;
  if (deepEqual(past, JSON.parse(JSON.stringify(settings)))) return;
  for (const name of processNames(announced)) await stopProcess(environment, name);
}

/** Nodes that nobody stands for any more go. */
async function forgetSimulated(
  environment: EnvironmentWithProgress,
  before: ClusterSettings | undefined,
  { simulatedNodes }: ClusterSettings,
): Promise<void> {
  if (before?.simulatedNodes === undefined || simulatedNodes !== undefined) return;
  await askCluster(environment, `/api/v1/nodes?labelSelector=${encodeURIComponent(simulatedNode)}`, 'DELETE');
}

/** The context by which clients reach it. */
async function writeAccess(
  layout: Layout,
  { port }: ClusterSettings,
  kubeconfig = defaultKubeconfig(),
): Promise<Pick<UpResult, 'kubeconfig' | 'context' | 'server'>> {
  const access = { context: contextName(layout.name), server: `https://127.0.0.1:${port}` };
  await writeContext({ ...access, path: kubeconfig, pki: layout.pki });
  return { ...access, kubeconfig };
}

async function stayInForeground(environment: EnvironmentWithProgress, signal: AbortSignal): Promise<void> {
  const { progress } = environment;
  progress.note('The cluster is up. Press Ctrl-C to stop it.');
  await aborted(signal);
  progress.note('Stopping ...');
  await down(environment, { keepPods: false, graceSeconds: defaultGraceSeconds });
}
