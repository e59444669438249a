/** Command line flags: `--name=value`, `--name value`, and switches. */
export interface Options {
  readonly address: string;
  readonly tlsAddress: string;
  readonly tlsDir: string;
  readonly keygen: KeygenOptions;
}

export interface KeygenOptions {
  readonly enable: boolean;
  readonly exitOnComplete: boolean;
  readonly exitCode: number;
  /** Keys to make; 0: no end. */
  readonly numToGen: number;
  /** Seconds; 0: no end. */
  readonly timeToRun: number;
  /** Where a work queue is; '': make keys unasked. */
  readonly memQServer: string;
  readonly memQQueue: string;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const defaults = {
  address: ':8080',
  'tls-address': ':8443',
  'tls-dir': '/tls',
  'keygen-enable': false,
  'keygen-exit-on-complete': false,
  'keygen-exit-code': 0,
  'keygen-num-to-gen': 0,
  'keygen-time-to-run': 0,
  'keygen-memq-server': '',
  'keygen-memq-queue': '',
};

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): Options {
  const values: Record<string, string | number | boolean> = { ...defaults };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    // Other words are only shown, on the page of the environment: the notes pass one from a ConfigMap.
    if (!word.startsWith('-')) continue;
    const [, name = '', given] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const known = values[name];
    if (known === undefined) throw new UsageError(`unknown flag: ${word}`);
    if (typeof known === 'boolean') values[name] = given === undefined || given === 'true';
    else values[name] = valueOf(name, known, given ?? rest.shift());
  }
  const text = (name: keyof typeof defaults): string => String(values[name]);
  return {
    address: text('address'),
    tlsAddress: text('tls-address'),
    tlsDir: text('tls-dir'),
    keygen: {
      enable: values['keygen-enable'] === true,
      exitOnComplete: values['keygen-exit-on-complete'] === true,
      exitCode: Number(values['keygen-exit-code']),
      numToGen: Number(values['keygen-num-to-gen']),
      timeToRun: Number(values['keygen-time-to-run']),
      memQServer: text('keygen-memq-server'),
      memQQueue: text('keygen-memq-queue'),
    },
  };
}

function valueOf(name: string, known: string | number, given: string | undefined): string | number {
  if (given === undefined) throw new UsageError(`flag needs an argument: --${name}`);
  if (typeof known === 'string') return given;
  if (!/^-?\d+$/.test(given)) throw new UsageError(`invalid argument "${given}" for "--${name}" flag`);
  return Number(given);
}
