/** Starts the processes of a cluster side by side, and follows what they say about themselves until all are ready. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../cli/user-error.ts';
import { renewCredentials } from '../credentials/cluster-credentials.ts';
import type { EnvironmentWithProgress } from '../environment.ts';
import type { Layout } from '../layout.ts';
import { ensureNamespaces, enterNamespaces } from '../machine/namespaces.ts';
import { furtherNode } from '../settings/nodes.ts';
import { announceSettings, type ClusterSettings } from '../settings/settings.ts';
import { followState, isAlive, readState, type Phase, type ProcessState } from './process-state.ts';
import { nodeNameOf, processNames } from './processes.ts';
import { startSupervised, supervisorPid } from './supervisor.ts';

/** How long a start may take before `up` gives up waiting; the processes go on. */
const patience = 60_000;

/** Without it the cluster works, and `up` does not fail. */
const isOptional = (name: string): boolean => name === 'ingress';

export async function prepareCredentials(
  environment: EnvironmentWithProgress,
  settings: ClusterSettings,
): Promise<void> {
  const { clock, progress } = environment;
  const began = clock.monotonic();
  const made = await renewCredentials(environment, settings);
  if (made.length > 0) progress.phase('certificates made', clock.monotonic() - began);
}

/** Starts every process that is not running, further nodes in namespaces of their own. */
export async function startProcesses(environment: EnvironmentWithProgress, settings: ClusterSettings): Promise<void> {
  const { layout, programs, clock } = environment;
  announceSettings(layout, settings);
  await ensureNamespaces({ layout, settings, clock });
  for (const name of processNames(settings)) {
    if (supervisorPid(layout.runDir, name) !== undefined) continue;
    const nodeName = nodeNameOf(name);
    const program = nodeName === undefined ? name : 'agent';
    const enter = enterNamespaces(layout, furtherNode(settings, nodeName ?? ''));
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
  const isLarge = program === 'server' && simulatedNodes >= 100;
  return [
    `--max-semi-space-size=${isLarge ? 64 : 4}`,
    // Else 64 MiB of new buffers are enough to mark the whole heap again, however large it is.
    ...(isLarge ? ['--external-memory-accounted-in-global-limit'] : []),
    '--disable-warning=ExperimentalWarning',
  ];
}

/** Resolves when all processes are ready; reports their phases as they come. */
export async function waitUntilReady(
  { layout, clock, progress }: EnvironmentWithProgress,
  settings: ClusterSettings,
  signal: AbortSignal,
  names: readonly string[] = processNames(settings),
): Promise<readonly Phase[]> {
  const phases: Phase[] = [];
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
        `see: ${layout.command('logs')}, ${layout.command('status')}`,
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
