/** The cluster on this machine that the commands act on. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { simulatedNode } from '../api/core/simulated-node.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { aborted } from '../base/service.ts';
import {
  defaultGraceSeconds,
  type ClusterManager,
  type DownOptions,
  type DownResult,
  type JoinResult,
  type Progress,
  type UpOptions,
  type UpResult,
} from '../cli/manager.ts';
import { UserError } from '../cli/user-error.ts';
import { deepEqual } from '../schema/freeze.ts';
import { guardsFrom } from './guards.ts';
import { kubeletConfigFrom } from './kubelet-config.ts';
import { imageCommands } from './images.ts';
import { readAccessSettings } from './access-settings.ts';
import { askCluster } from './ask.ts';
import { checkAuthority } from './credentials.ts';
import { defaultKubeconfig, writeContext } from './kubeconfig.ts';
import { join as joinCluster } from './joining/join.ts';
import type { Layout } from './layout.ts';
import { defaultName } from './layout.ts';
import { bringAuthority, keyCommands } from './key-commands.ts';
import { nodeCommands, refuseBesideJoined } from './node-commands.ts';
import { nodeNames } from './nodes.ts';
import { ensurePrerequisites } from './prerequisites.ts';
import { isAlive, readState } from './process-state.ts';
import {
  announcedSettings,
  knownSettings,
  readSettings,
  settle,
  requireSettings,
  type ClusterSettings,
  type SettingsRequest,
} from './settings.ts';
import {
  prepareCredentials,
  processNames,
  simulatedNodesName,
  startProcesses,
  waitUntilReady,
  type StartEnvironment,
} from './start.ts';
import { statusOf } from './status.ts';
import { patienceOf, removeStopOrder, writeStopOrder } from './stop-order.ts';
import { stopPatience, stopSupervised, supervisorPid } from './supervisor.ts';
import { mountsBelow, tearDown } from './teardown.ts';
import { tokenCommands } from './tokens.ts';
import { userCommands } from './users.ts';

export interface ManagerEnvironment {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  readonly programs: string;
}

export function createManager(environment: ManagerEnvironment): ClusterManager {
  const { layout } = environment;
  return {
    name: layout.name,
    dataDir: layout.dataDir,
    up: (options, progress, signal) => up(environment, options, progress, signal),
    join: (options, progress, signal) => {
      refuseOthers(layout);
      return joinCluster({ ...environment, progress }, options, signal);
    },
    down: (options, progress) => down(environment, options, progress),
    status: () => statusOf(layout),
    reset: () => reset(environment),
    logFiles: () => logFiles(layout),
    ask: (path) => askCluster(environment, path),
    ...keyCommands(environment),
    benchPods: async (options, progress, signal) =>
      (await import('./bench-pods.ts')).benchPods(environment, options, progress, signal),
    // Certificates are made for it: the library is loaded by this one command only.
    audit: async () => (await import('./benchmark/gather.ts')).auditCluster(environment),
    ...nodeCommands(environment),
    ...imageCommands(environment),
    ...userCommands(environment),
    ...tokenCommands(environment),
  };
}

function logFiles(layout: Layout): ReturnType<ClusterManager['logFiles']> {
  const processes = processNames(requireSettings(layout)).map((name) => ({ name, path: layout.log(name) }));
  return [...processes, { name: 'access', path: layout.accessLog }];
}

async function up(
  environment: ManagerEnvironment,
  options: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<UpResult | JoinResult> {
  const { layout, clock } = environment;
  const began = clock.monotonic();
  ensurePrerequisites((line) => progress.note(line));
  refuseOthers(layout);
  const kept = readSettings(layout);
  if (kept?.joined !== undefined) return upJoined(environment, options, progress, signal);
  const running = kept !== undefined && isRunning(layout, kept);
  const wanted = await wantedSettings(environment, options, kept);
  if (options.authority !== undefined) bringAuthority(environment, options.authority, running, progress);
  else if (!running) checkAuthority(layout.pki, clock.now());
  const settings = await settle(layout, wanted);
  const phases = await start({ ...environment, progress }, running ? kept : undefined, settings, signal);
  await forgetSimulated(environment, kept, settings);
  const result: UpResult = {
    alreadyRunning: running,
    ...(await writeAccess(layout, settings, options.kubeconfig)),
    nodes: nodeNames(settings),
    simulatedNodes: settings.simulatedNodes ?? 0,
    phases: running ? [] : phases,
    milliseconds: Math.round(clock.monotonic() - began),
  };
  if (options.foreground) await stayInForeground(environment, progress, signal);
  return result;
}

/**
 * What flags change of what is kept; nothing is written. Refuses what a running cluster would not notice, what
 * never changes, and what no server could start with.
 */
async function wantedSettings(
  environment: ManagerEnvironment,
  options: UpOptions,
  kept: ClusterSettings | undefined,
): Promise<SettingsRequest> {
  const { layout } = environment;
  refuseFewerNodes(options.nodes, kept);
  refuseOtherRuntime(layout, options, kept);
  const guards = guardsFrom(kept?.guards, options.guards ?? {});
  const kubeletConfig = await kubeletConfigFrom(kept, options.kubeletConfig);
  if (kept !== undefined && isRunning(layout, kept)) {
    refuseChanges(layout, kept, options, guards, kubeletConfig);
    refuseOtherPeriod(layout, kept.certificateValidityPeriod, options.certificateValidityPeriod);
    if ((options.nodes ?? 1) > nodeNames(kept).length) await refuseBesideJoined(environment, kept);
  } else {
    readAccessSettings(layout.dataDir, guards);
    if (guards?.admissionConfig !== undefined) await (await import('./admission-config.ts')).readAdmission(guards);
  }
  return { ...options, guards, kubeletConfig };
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

/** The cluster is another machine's: its settings are made there. */
async function upJoined(
  environment: ManagerEnvironment,
  { foreground, guards = {}, ...others }: UpOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<JoinResult> {
  if (Object.keys(others).length + Object.keys(guards).length > 0) {
    throw new UserError(
      'this machine has joined a cluster, whose settings are those of its server',
      'start its node without other flags: coracle up, or coracle join',
    );
  }
  const result = await joinCluster({ ...environment, progress }, {}, signal);
  if (foreground) await stayInForeground(environment, progress, signal);
  return result;
}

/** `before`: as the cluster runs, if it does. */
async function start(
  environment: StartEnvironment,
  before: ClusterSettings | undefined,
  settings: ClusterSettings,
  signal: AbortSignal,
): ReturnType<typeof waitUntilReady> {
  const sameProcesses = before !== undefined && deepEqual(processNames(before), processNames(settings));
  if (!sameProcesses) await prepareCredentials(environment, settings);
  if (before === undefined) await stopOutdated(environment, settings);
  if (before?.simulatedNodes !== settings.simulatedNodes) await stopProcess(environment, simulatedNodesName);
  await startProcesses(environment, settings);
  return await waitUntilReady(environment, settings, signal);
}

/** Processes that a failed start has left, or a part of the cluster that still runs: they read their settings once. */
async function stopOutdated(environment: StartEnvironment, settings: ClusterSettings): Promise<void> {
  const announced = announcedSettings(environment.layout);
  if (announced === undefined) return;
  const { dataDir: _dataDir, ...past } = announced;
  if (deepEqual(past, JSON.parse(JSON.stringify(settings)))) return;
  for (const name of processNames(announced)) await stopProcess(environment, name);
}

/** Nodes that nobody stands for any more go. */
async function forgetSimulated(
  environment: ManagerEnvironment,
  before: ClusterSettings | undefined,
  { simulatedNodes }: ClusterSettings,
): Promise<void> {
  if (before?.simulatedNodes === undefined || simulatedNodes !== undefined) return;
  await askCluster(environment, `/api/v1/nodes?labelSelector=${encodeURIComponent(simulatedNode)}`, 'DELETE');
}

function refuseOtherPeriod(layout: Layout, kept: string | undefined, wanted: string | undefined): void {
  if (wanted === undefined || wanted === kept) return;
  throw new UserError(
    `cluster ${layout.name} is running with certificates that are good for ${kept ?? 'a year'}`,
    `stop it first to change that: coracle down --name ${layout.name}`,
  );
}

/** What a running cluster would not notice. */
function refuseChanges(
  layout: Layout,
  kept: ClusterSettings,
  { port, advertiseAddress = kept.advertiseAddress ?? '', loadBalancerPool = kept.loadBalancerPool }: UpOptions,
  guards: ClusterSettings['guards'],
  kubeletConfig: string | undefined,
): void {
  const differences: readonly (readonly [boolean, string])[] = [
    [kubeletConfig !== kept.kubeletConfig, `with ${kept.kubeletConfig ?? 'no kubelet configuration'}`],
    [loadBalancerPool !== kept.loadBalancerPool, `with the pool ${kept.loadBalancerPool}`],
    [
      advertiseAddress !== (kept.advertiseAddress ?? ''),
      `with ${kept.advertiseAddress ?? 'the address of the default route'}`,
    ],
    [port !== undefined && port !== 0 && port !== kept.port, `on port ${kept.port}`],
    [!deepEqual(guards, kept.guards), 'with other guards'],
  ];
  const found = differences.find(([differs]) => differs);
  if (found === undefined) return;
  throw new UserError(
    `cluster ${layout.name} is running ${found[1]}`,
    `stop it first to change that: coracle down --name ${layout.name}`,
  );
}

function refuseFewerNodes(wanted: number | undefined, kept: ClusterSettings | undefined): void {
  if (wanted === undefined) return;
  if (wanted < 1) throw new UserError('a cluster has at least one node');
  const present = kept === undefined ? 1 : nodeNames(kept).length;
  if (wanted < present) {
    throw new UserError(`the cluster has ${present} nodes already`, 'take nodes away with: coracle node rm NODE');
  }
}

/** Containers are one runtime's: another would not find them. */
function refuseOtherRuntime(layout: Layout, options: UpOptions, kept: ClusterSettings | undefined): void {
  const wanted = options.runtimeEndpoint;
  if (wanted !== undefined && kept !== undefined && wanted !== kept.runtimeEndpoint) {
    throw new UserError(
      `cluster ${layout.name} was made with ${kept.runtimeEndpoint ?? 'the built-in runtime'}`,
      `start afresh to change that: coracle reset --name ${layout.name}`,
    );
  }
  const endpoint = kept?.runtimeEndpoint ?? wanted;
  if (endpoint === undefined) return;
  if ((options.nodes ?? 1) > 1) {
    throw new UserError('one runtime serves one node', 'leave --nodes away, or --container-runtime-endpoint');
  }
  if (!existsSync(endpoint.replace('unix://', ''))) {
    throw new UserError(`there is no container runtime at ${endpoint}`, 'start it first, or correct the path');
  }
}

/** A name is one cluster's on this machine, and its data must not have gone from under it. */
function refuseOthers(layout: Layout): void {
  const announced = announcedSettings(layout);
  if (announced === undefined || !isRunning(layout, announced)) return;
  if (announced.dataDir !== layout.dataDir) {
    throw new UserError(
      `a cluster ${layout.name} runs already, with its data in ${announced.dataDir}`,
      'choose another --name, or stop that one first',
    );
  }
  if (!existsSync(layout.settings)) {
    throw new UserError(
      `${layout.dataDir} was deleted while cluster ${layout.name} runs`,
      `clean up with: coracle reset --name ${layout.name} --data-dir ${layout.dataDir}`,
    );
  }
}

async function stayInForeground(
  environment: ManagerEnvironment,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  progress.note('The cluster is up. Press Ctrl-C to stop it.');
  await aborted(signal);
  progress.note('Stopping ...');
  await down(environment, { keepPods: false, graceSeconds: defaultGraceSeconds }, progress);
}

async function down(environment: ManagerEnvironment, options: DownOptions, progress: Progress): Promise<DownResult> {
  const { keepPods, graceSeconds } = options;
  const { layout, clock } = environment;
  const settings = knownSettings(layout);
  if (settings === undefined) return { wasRunning: false, stoppedPods: 0 };
  const wasRunning = isRunning(layout, settings);
  const began = clock.monotonic();
  // One that was left by a `down` that was cut off must not speak for this one.
  removeStopOrder(layout);
  if (!keepPods && wasRunning) writeStopOrder(layout, graceSeconds);
  const patience = stopPatience + (keepPods ? 0 : patienceOf(graceSeconds));
  const stop = (name: string): Promise<void> => stopProcess(environment, name, patience);
  // The server last: agents write their last status while it still answers.
  const names = processNames(settings);
  await Promise.all(names.filter((name) => name !== 'server').map(stop));
  await Promise.all(names.filter((name) => name === 'server').map(stop));
  removeStopOrder(layout);
  if (wasRunning) progress.phase('processes stopped', clock.monotonic() - began);
  if (keepPods) return { wasRunning, stoppedPods: 0 };
  const removing = clock.monotonic();
  const stoppedPods = await tearDown(environment, settings);
  if (stoppedPods > 0) progress.phase('pods stopped', clock.monotonic() - removing);
  rmSync(layout.runDir, { recursive: true, force: true });
  return { wasRunning, stoppedPods };
}

async function stopProcess(
  { layout, clock }: Pick<ManagerEnvironment, 'layout' | 'clock'>,
  name: string,
  patience = stopPatience,
): Promise<void> {
  const state = readState(layout.state(name));
  const pid = state !== undefined && isAlive(state) ? state.pid : undefined;
  await stopSupervised(layout.runDir, name, pid, clock, patience);
  rmSync(layout.state(name), { force: true });
}

async function reset({ layout }: ManagerEnvironment): Promise<void> {
  const settings = knownSettings(layout);
  if (settings !== undefined && isRunning(layout, settings)) {
    throw new UserError(`cluster ${layout.name} is running`, `stop it first: coracle down --name ${layout.name}`);
  }
  if (settings === undefined && existsSync(layout.dataDir) && readdirSync(layout.dataDir).length > 0) {
    throw new UserError(`${layout.dataDir} does not look like a cluster's data`, 'nothing was deleted');
  }
  // Deleting through a mount would delete what is mounted: a volume's data, a folder of the machine.
  const mounted = mountsBelow(layout.dataDir);
  if (mounted.length > 0) {
    throw new UserError(`still mounted: ${mounted.join(', ')}; nothing was deleted`, 'unmount it, then try again');
  }
  try {
    for (const part of ['nodes', 'images', 'logs', 'pki', 'store', 'kubelet', 'cluster.json']) {
      rmSync(join(layout.dataDir, part), { recursive: true, force: true });
    }
    rmSync(layout.runDir, { recursive: true, force: true });
    // Only when nothing else is in it.
    if (existsSync(layout.dataDir) && readdirSync(layout.dataDir).length === 0) rmdirSync(layout.dataDir);
  } catch (error) {
    throw new UserError(
      `could not delete all of ${layout.dataDir}: ${messageOf(error)}`,
      'is something still mounted there?',
    );
  }
}

export function isRunning(layout: Layout, settings: ClusterSettings): boolean {
  return processNames(settings).every((name) => supervisorPid(layout.runDir, name) !== undefined);
}

/** `coracle` for the default cluster, `coracle-NAME` for others. */
function contextName(name: string): string {
  return name === defaultName ? defaultName : `${defaultName}-${name}`;
}
