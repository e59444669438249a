/**
 * `coracle up`: prepares the machine and the credentials, starts the server and the agent side by side, and
 * follows what they say about themselves until the node is ready.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Progress } from '../cli/manager.ts';
import { UserError } from '../cli/user-error.ts';
import { durationMilliseconds } from '../schema/duration.ts';
import { certificateLifetime, ensureCredentials } from './credentials.ts';
import type { Layout } from './layout.ts';
import { followState, isAlive, readState, type ProcessState } from './process-state.ts';
import { ensureNamespaces, enterNamespaces } from './namespaces.ts';
import { furtherNode, nodeAddress, nodeNames } from './nodes.ts';
import { announceSettings, nthAddress, type ClusterSettings } from './settings.ts';
import { startSupervised, supervisorPid } from './supervisor.ts';

export interface StartEnvironment {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly random: Random;
  readonly progress: Progress;
  /** Folder of the bundled programs. */
  readonly programs: string;
}

/** How long a start may take before `up` gives up waiting; the processes go on. */
const patience = 60_000;

/**
 * Names of the processes of a cluster's first machine, in the order in which they depend on each other; of a machine
 * that has joined, its agent.
 */
export function processNames(settings: ClusterSettings): readonly string[] {
  if (settings.joined !== undefined) return [agentName(settings.nodeName)];
  const simulated = settings.simulatedNodes === undefined ? [] : [simulatedNodesName];
  return ['server', ...nodeNames(settings).map(agentName), ...simulated, 'ingress'];
}

export const simulatedNodesName = 'simulated-nodes';

export const agentName = (nodeName: string): string => `agent-${nodeName}`;

/** Without it the cluster works, and `up` does not fail. */
const isOptional = (name: string): boolean => name === 'ingress';

export async function prepareCredentials(environment: StartEnvironment, settings: ClusterSettings): Promise<void> {
  const { clock, progress } = environment;
  const began = clock.monotonic();
  const made = await renewCredentials(environment, settings);
  if (made.length > 0) progress.phase('certificates made', clock.monotonic() - began);
}

/** Milliseconds for which the cluster's certificates are good. */
export function certificateValidity({ certificateValidityPeriod: period }: ClusterSettings): number {
  return period === undefined ? certificateLifetime : durationMilliseconds(period);
}

/** Makes the certificates that are missing, too old or too narrow; their names. */
export function renewCredentials(
  { layout, clock, random }: Pick<StartEnvironment, 'layout' | 'clock' | 'random'>,
  settings: ClusterSettings,
): Promise<readonly string[]> {
  const address = nodeAddress(settings);
  const underlay = nthAddress(settings.underlayCidr, 1);
  const serviceNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return ensureCredentials({
    folder: layout.pki,
    clock,
    random,
    serverNames: {
      dnsNames: ['localhost', ...serviceNames, `kubernetes.default.svc.${settings.clusterDomain}`, settings.nodeName],
      addresses: [
        '127.0.0.1',
        '::1',
        nthAddress(settings.serviceCidr, 1),
        address,
        nthAddress(settings.podCidr, 1),
        underlay,
      ],
    },
    lifetime: certificateValidity(settings),
    nodes: nodeNames(settings).map((name) => ({ name, addresses: [nodeAddress(settings, name), '127.0.0.1'] })),
  });
}

/** Starts every process that is not running, further nodes in namespaces of their own. */
export async function startProcesses(environment: StartEnvironment, settings: ClusterSettings): Promise<void> {
  const { layout, programs, clock } = environment;
  announceSettings(layout, settings);
  await ensureNamespaces({ layout, settings, clock });
  for (const name of processNames(settings)) {
    if (supervisorPid(layout.runDir, name) !== undefined) continue;
    const program = name.startsWith('agent-') ? 'agent' : name;
    const enter = enterNamespaces(layout, furtherNode(settings, name.replace(/^agent-/, '')));
    // What the last one said before it ended, a failure for instance, is not about this one.
    rmSync(layout.state(name), { force: true });
    startSupervised({
      name,
      runDir: layout.runDir,
      logFile: layout.log(name),
      command: [
        ...enter,
        process.execPath,
        ...nodeFlags(program, settings),
        join(programs, `${program}.js`),
        layout.name,
        layout.dataDir,
        name,
      ],
      env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(programs, 'cache') },
    });
  }
}

/**
 * Small young generations (in MiB) keep the resident size down. A server of thousands of nodes is another matter:
 * it would spend a fifth of its time on moving what is about to be garbage.
 */
function nodeFlags(program: string, { simulatedNodes = 0 }: ClusterSettings): readonly string[] {
  const young = program === 'server' && simulatedNodes >= 100 ? 64 : 4;
  return [`--max-semi-space-size=${young}`, '--disable-warning=ExperimentalWarning'];
}

/** Resolves when all processes are ready; reports their phases as they come. */
export async function waitUntilReady(
  { layout, clock, progress }: StartEnvironment,
  settings: ClusterSettings,
  signal: AbortSignal,
  names: readonly string[] = processNames(settings),
): Promise<readonly { readonly name: string; readonly milliseconds: number }[]> {
  const phases: { name: string; milliseconds: number }[] = [];
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  const waiting = names.map((name) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let reported = 0;
    followState(layout.state(name), combined, (state) => {
      if (!isAlive(state) && state.failure === undefined) return;
      for (const phase of state.phases.slice(reported)) {
        phases.push(phase);
        progress.phase(phase.name, phase.milliseconds);
      }
      reported = Math.max(reported, state.phases.length);
      if (state.failure !== undefined && isOptional(name)) {
        progress.note(`${state.failure.message}; ${state.failure.remedy}`);
        resolve();
      } else if (state.failure !== undefined) reject(new UserError(state.failure.message, state.failure.remedy));
      else if (state.ready) resolve();
    });
    return promise;
  });
  const timeout = clock.sleep(patience, combined).then(
    () => {
      throw new UserError(
        `the cluster was not ready after ${patience / 1000} seconds: ${notReady(layout, settings)}`,
        `see: coracle logs --name ${settings.name}, coracle status --name ${settings.name}`,
      );
    },
    () => signal.throwIfAborted(),
  );
  try {
    await Promise.race([Promise.all(waiting), timeout]);
  } finally {
    stop.abort();
  }
  return phases;
}

function notReady(layout: Layout, settings: ClusterSettings): string {
  const states = processNames(settings).map((name) => [name, readState(layout.state(name))] as const);
  const late = states.filter(([, state]) => state?.ready !== true).map(([name, state]) => `${name} ${describe(state)}`);
  return late.join(', ');
}

function describe(state: ProcessState | undefined): string {
  if (state === undefined) return 'has not started';
  if (!isAlive(state)) return 'has died';
  const last = state.phases.at(-1);
  return last === undefined ? 'is starting' : `came as far as "${last.name}"`;
}
