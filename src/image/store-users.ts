/**
 * Several processes may have the same store open: the agents of a machine, and commands beside them. Each
 * leaves a file in `users/`, so that the others know whose half-written files are still being written, who
 * is adding content, and in whose mounts a layer may be in use. A process that was killed is told from a
 * living one by its start time.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

/** Longest wait for the lock, in milliseconds: what it covers takes a fraction of a second. */
const lockPatience = 60_000;
const addingSuffix = '.adding';

export class StoreUsers {
  /** Names of this process's own files begin with it. */
  readonly owner: string;
  readonly #root: string;
  readonly #clock: Clock;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(root: string, clock: Clock, random: Random) {
    const tag = Buffer.from(random.bytes(4)).toString('hex');
    this.owner = `${process.pid}-${startOf(process.pid) ?? 0}-${tag}`;
    this.#root = root;
    this.#clock = clock;
    mkdirSync(join(root, 'users'), { recursive: true });
    for (const name of readdirSync(join(root, 'users')))
      if (isLeftover(name)) rmSync(join(root, 'users', name), { force: true });
    writeFileSync(join(root, 'users', this.owner), '');
  }

  close(): void {
    for (const suffix of ['', addingSuffix]) rmSync(join(this.#root, 'users', this.owner + suffix), { force: true });
  }

  /** Says that this process is adding content; to be called under the lock. */
  setAdding(adding: boolean): void {
    const file = join(this.#root, 'users', this.owner + addingSuffix);
    if (adding) writeFileSync(file, '');
    else rmSync(file, { force: true });
  }

  othersAreAdding(): boolean {
    const names = readdirSync(join(this.#root, 'users')).filter((name) => name.endsWith(addingSuffix));
    return names.some((name) => name !== this.owner + addingSuffix && !isLeftover(name));
  }

  /** The mounts that any user of the store sees, as text. */
  mounts(): string {
    const names = readdirSync(join(this.#root, 'users')).filter((name) => !name.endsWith(addingSuffix));
    return names.map((name) => readIfThere(`/proc/${name.split('-')[0]}/mountinfo`)).join('\n');
  }

  /** One process at a time, and within a process one after the other. */
  locked<T>(work: () => Promise<T> | T): Promise<T> {
    const mine = this.#queue.then(async () => {
      await this.#lock();
      try {
        return await work();
      } finally {
        rmSync(join(this.#root, 'lock'), { force: true });
      }
    });
    this.#queue = mine.catch(() => {});
    return mine;
  }

  async #lock(): Promise<void> {
    const path = join(this.#root, 'lock');
    const deadline = this.#clock.monotonic() + lockPatience;
    while (!tryCreate(path, this.owner)) {
      const holder = readIfThere(path);
      // Renaming: of several that find the holder dead, one takes the lock away.
      if (holder !== '' && isLeftover(holder)) renameIfThere(path, `${path}.${this.owner}`);
      else if (this.#clock.monotonic() > deadline)
        throw new Error(`the image store ${this.#root} is locked by process ${holder.split('-')[0]}`);
      else await this.#clock.sleep(5);
    }
  }
}

/** Whether a name that starts with `<pid>-<start time>-` belongs to a process that is gone. */
export function isLeftover(name: string): boolean {
  const [, pid, start] = /^(\d+)-(\d+)-/.exec(name) ?? [];
  return pid === undefined || startOf(Number(pid)) !== start;
}

/** Clock ticks from boot to the process's start. A reboot gives other files in /run, not here: a match is taken for alive. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function tryCreate(path: string, content: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, content);
    closeSync(file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function renameIfThere(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  rmSync(to, { force: true });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EINVAL', 'EACCES'].includes(codeOf(error) ?? '')) return '';
    throw error;
  }
}
