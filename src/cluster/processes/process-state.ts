/**
 * What each process of a cluster says about itself, in one file under the run directory, rewritten in one
 * step at each change. `up` follows these files; `status` reads them. A file outlives a killed process, so
 * a reader checks that the process it names still is the one that wrote it.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';

export interface Phase {
  readonly name: string;
  /** How long it took. */
  readonly milliseconds: number;
}

export interface ProcessState {
  readonly name: string;
  readonly pid: number;
  /** Start of the process in clock ticks since boot: tells it from a later one with the same pid. */
  readonly startTicks: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly phases: readonly Phase[];
  readonly ready: boolean;
  /** Why it could not start or go on, and what to do. */
  readonly failure?: { readonly message: string; readonly remedy: string } | undefined;
  readonly endpoints: Readonly<Record<string, string>>;
}

/** Written by the process itself. */
export class StateFile {
  readonly #path: string;
  #state: ProcessState;

  constructor(path: string, name: string, startedAt: string) {
    this.#path = path;
    const { pid } = process;
    this.#state = { name, pid, startTicks: startTicksOf(pid) ?? 0, startedAt, phases: [], ready: false, endpoints: {} };
    mkdirSync(dirname(path), { recursive: true });
    this.#write();
  }

  update(changes: Partial<Pick<ProcessState, 'phases' | 'ready' | 'failure' | 'endpoints'>>): void {
    this.#state = { ...this.#state, ...changes };
    this.#write();
  }

  phase(name: string, milliseconds: number): void {
    this.update({ phases: [...this.#state.phases, { name, milliseconds: Math.round(milliseconds) }] });
  }

  /** A clean stop leaves nothing behind. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#state));
    renameSync(`${this.#path}.new`, this.#path);
  }
}

export function readState(path: string): ProcessState | undefined {
  const text = readTextIfPresent(path);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as ProcessState);
  } catch {
    return undefined; // Cut off: its writer will write it anew, or is gone.
  }
}

export function isAlive(state: Pick<ProcessState, 'pid' | 'startTicks'>): boolean {
  return startTicksOf(state.pid) === state.startTicks;
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process or it is a zombie. */
export function startTicksOf(pid: number): number | undefined {
  const text = readTextIfPresent(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
}

export interface ProcessMemory {
  readonly rssBytes: number;
  /** Shared pages divided among those who share them. */
  readonly pssBytes: number;
}

export function memoryOf(pid: number): ProcessMemory | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return { rssBytes: kilobytes('Rss') * 1024, pssBytes: kilobytes('Pss') * 1024 };
  } catch {
    return undefined;
  }
}

/** Calls `changed` with each new state in the file, the present one first, until the signal aborts. */
export function followState(path: string, signal: AbortSignal, changed: (state: ProcessState) => void): void {
  const report = (): void => {
    const state = readState(path);
    if (state !== undefined) changed(state);
  };
  mkdirSync(dirname(path), { recursive: true });
  const watcher = watch(dirname(path), { signal }, (_event, file) => {
    if (file === basename(path)) report();
  });
  watcher.on('error', () => {});
  report();
}
