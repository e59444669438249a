import { closeSync, existsSync, fstatSync, openSync, readSync, watch } from 'node:fs';
import { aborted } from '../../base/service.ts';
import { clusterFlags, refuseMore, type Command } from '../command.ts';
import { UserError } from '../user-error.ts';

const chunkSize = 64 * 1024;

export const logs: Command = {
  name: 'logs',
  positionals: '[PROCESS]',
  summary: "Show the cluster's own logs",
  description:
    "Shows the logs of the cluster's own processes (server, agent ...), not of pods: for those, kubectl logs.",
  flags: {
    ...clusterFlags,
    follow: { type: 'boolean', short: 'f', doc: 'go on as lines are written' },
    tail: { type: 'number', most: 1_000_000_000, doc: 'only the last N lines of each' },
  },
  examples: ['coracle logs', 'coracle logs server --tail 50', 'coracle logs -f agent'],
  async run({ args, terminal, manager, signal }) {
    const [wanted] = args.positionals;
    refuseMore('logs', args.positionals, 1);
    const all = manager.logFiles().filter(({ path }) => existsSync(path));
    const files = all.filter(({ name }) => wanted === undefined || name === wanted || name.startsWith(`${wanted}-`));
    if (files.length === 0) {
      const known = all.map(({ name }) => name).join(', ');
      throw new UserError(
        wanted === undefined ? `cluster ${manager.name} has no logs yet` : `there is no process ${wanted}`,
        known === '' ? `start it with: ${manager.command('up')}` : `one of: ${known}`,
      );
    }
    const prefix = (name: string): string => (files.length === 1 ? '' : `[${name}] `);
    const tails = files.map(({ name, path }) => new LineReader(path, (line) => terminal.print(prefix(name) + line)));
    const tail = args.number('tail');
    for (const reader of tails) reader.readFromStart(tail);
    if (!args.is('follow')) return 0;
    const watchers = tails.map((reader) => watch(reader.path, { signal }, () => reader.readNew()));
    for (const watcher of watchers) watcher.on('error', () => {});
    await aborted(signal);
    return 0;
  },
};

/** Reads the lines of a growing file. */
class LineReader {
  readonly path: string;
  readonly #print: (line: string) => void;
  #offset = 0;
  #rest = '';

  constructor(path: string, print: (line: string) => void) {
    this.path = path;
    this.#print = print;
  }

  readFromStart(tail: number | undefined): void {
    const lines = this.#read();
    for (const line of tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail))) this.#print(line);
  }

  readNew(): void {
    for (const line of this.#read()) this.#print(line);
  }

  #read(): readonly string[] {
    const file = openSync(this.path, 'r');
    try {
      // A truncated or replaced file is read from its start.
      if (fstatSync(file).size < this.#offset) this.#offset = 0;
      const buffer = Buffer.alloc(chunkSize);
      let text = this.#rest;
      for (let count = -1; count !== 0;) {
        count = readSync(file, buffer, 0, chunkSize, this.#offset);
        this.#offset += count;
        text += buffer.toString('utf8', 0, count);
      }
      const lines = text.split('\n');
      this.#rest = lines.pop() ?? '';
      return lines;
    } finally {
      closeSync(file);
    }
  }
}
