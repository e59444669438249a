/** Structured log lines: `2026-01-02T03:04:05.678Z INFO  scheduler  bound pod  pod=default/a node=one`. */
import { preciseTimestamp, type Clock } from './clock.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Attributes = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, attributes?: Attributes): void;
  info(message: string, attributes?: Attributes): void;
  warn(message: string, attributes?: Attributes): void;
  error(message: string, attributes?: Attributes): void;
  /** A logger whose lines carry a further component name. */
  named(component: string): Logger;
}

const ranks: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LogOptions {
  readonly clock: Clock;
  readonly level: Level;
  readonly write: (line: string) => void;
  readonly component?: string;
}

export function createLogger(options: LogOptions): Logger {
  const { clock, level, write, component = '' } = options;
  const log = (at: Level, message: string, attributes: Attributes = {}): void => {
    if (ranks[at] < ranks[level]) return;
    const stamp = preciseTimestamp(clock.now());
    const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${render(value)}`);
    write([stamp, at.toUpperCase().padEnd(5), component, message, ...pairs].filter((part) => part !== '').join(' '));
  };
  return {
    debug: (message, attributes) => log('debug', message, attributes),
    info: (message, attributes) => log('info', message, attributes),
    warn: (message, attributes) => log('warn', message, attributes),
    error: (message, attributes) => log('error', message, attributes),
    named: (name) => createLogger({ ...options, component: component === '' ? name : `${component}/${name}` }),
  };
}

/** Drops everything; for tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  named: () => silentLogger,
};

function render(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'undefined';
}
