/** What the long-lived processes have in common: signals, logs, and telling how they are. */
import { keepAlive, systemClock, timestamp, type Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createLogger, type Logger } from '../../base/log.ts';
import { systemRandom, type Random } from '../../base/random.ts';
import { aborted } from '../../base/service.ts';
import { UserError } from '../../cli/user-error.ts';
import { StorageError } from '../../store/store.ts';
import { layoutOf, type Layout } from '../layout.ts';
import { readSettings, type ClusterSettings } from '../settings/settings.ts';
import { StateFile } from './process-state.ts';
import { graceOfStopOrder, patienceOf } from './stop-order.ts';
import { doNotRestart } from './supervisor.ts';

/** What a process of the cluster is given. */
export interface ProcessContext {
  /** The process's own, such as `server` or `agent-coracle-1`. */
  readonly name: string;
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Marks a step of the start as done; its time counts from the step before. */
  readonly phase: (name: string) => void;
  /** Told once it serves, with the addresses that people may want to know. */
  readonly ready: (endpoints: Readonly<Record<string, string>>) => void;
  /** Told while something keeps it from serving; `undefined` once that is over. */
  readonly failed: (failure: { readonly message: string; readonly remedy: string } | undefined) => void;
}

/** Milliseconds between being told to stop and ending in any case. */
const stopPatience = 5_000;

/** Runs `body` until SIGTERM or SIGINT. The command line: cluster name, data directory, process name. */
export async function runProcess(body: (context: ProcessContext, signal: AbortSignal) => Promise<void>): Promise<void> {
  const [, , clusterName = '', dataDir = '', name = ''] = process.argv;
  const layout = layoutOf(clusterName, dataDir);
  const logger = createLogger({
    clock: systemClock,
    level: process.env['CORACLE_LOG_LEVEL'] === 'debug' ? 'debug' : 'info',
    write: (line) => void process.stderr.write(`${line}\n`),
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stop.abort(new DOMException(`received ${signal}`, 'AbortError')));
  }
  keepAlive();
  const state = new StateFile(layout.state(name), name, timestamp(systemClock.now()));
  // Promises that nobody awaits any more must not take the process down with everything in it.
  process.on('unhandledRejection', (reason) => logger.error('unhandled rejection', { reason: describe(reason) }));
  // The time before this line is Node's own start and the loading of the bundle.
  let last = 0;
  const phase = (what: string): void => {
    const now = systemClock.monotonic();
    state.phase(`${name}: ${what}`, now - last);
    last = now;
  };
  try {
    const settings = readSettings(layout);
    if (settings === undefined)
      throw new UserError(`${layout.settings} is missing`, `start with: ${layout.command('up')}`);
    phase('program loaded');
    const context: ProcessContext = {
      name,
      layout,
      settings,
      clock: systemClock,
      random: systemRandom,
      logger,
      phase,
      ready: (endpoints) => state.update({ ready: true, endpoints }),
      failed: (failure) => state.update({ failure }),
    };
    const running = body(context, stop.signal);
    await untilStopped(running, logger, stop.signal, () => patienceOf(graceOfStopOrder(layout)));
    if (!stop.signal.aborted) throw new Error('ended unasked');
  } catch (error) {
    if (!stop.signal.aborted) fail(error, logger, state);
    logger.warn('failed while stopping', { error: describe(error) });
  }
  state.remove();
  // Whatever still holds a socket or a timer must not keep the process.
  process.exit(0);
}

/** Everything survives a crash, so a stop that hangs is cut short. */
async function untilStopped(
  running: Promise<void>,
  logger: Logger,
  signal: AbortSignal,
  extra: () => number,
): Promise<void> {
  const late = aborted(signal)
    .then(() => systemClock.sleep(stopPatience + extra()))
    .then(() => logger.warn('still not stopped: ended all the same'));
  await Promise.race([running, late]);
}

function fail(error: unknown, logger: Logger, state: StateFile): never {
  logger.error('failed', { error: describe(error) });
  const final = error instanceof UserError || error instanceof StorageError;
  if (final) {
    const remedy = error instanceof UserError ? error.remedy : 'mend the disk or the data directory, then: coracle up';
    state.update({ ready: false, failure: { message: messageOf(error), remedy } });
  }
  process.exit(final ? doNotRestart : 1);
}

function describe(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}
