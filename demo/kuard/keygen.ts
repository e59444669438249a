/** Work that takes a while: makes RSA keys, so many or until told to stop, or one per message of a work queue. */
import { createHash, generateKeyPair } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { log } from './log.ts';
import type { KeygenOptions } from './options.ts';
import { json, type Router } from './router.ts';

const makeKey = promisify(generateKeyPair);
const maxHistory = 20;

export class Keygen {
  #options: KeygenOptions;
  #stop = new AbortController();
  #id = 0;
  #lastHistory = 0;
  readonly #history: { id: number; data: string }[] = [];
  readonly #exit: (code: number) => void;

  constructor(options: KeygenOptions, exit: (code: number) => void) {
    this.#options = options;
    this.#exit = exit;
  }

  addRoutes(router: Router, path: string): void {
    const status = (): object => ({ config: this.#options, history: this.#history });
    router.on('GET', path, () => json(status()));
    router.on('PUT', path, async (request) => {
      const wanted = JSON.parse(await request.body()) as Partial<KeygenOptions>;
      this.#options = { ...this.#options, ...wanted };
      this.restart();
      return json(status());
    });
  }

  /** Ends what is being worked on, and starts again if enabled. */
  restart(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    if (!this.#options.enable) return;
    const id = this.#id;
    this.#id += 1;
    const work =
      this.#options.memQServer === '' ? this.#generate(id, this.#stop.signal) : this.#serve(id, this.#stop.signal);
    work.catch((error: unknown) => this.#say(`(ID ${id}) ${(error as Error).message}`));
  }

  async #generate(id: number, signal: AbortSignal): Promise<void> {
    const { numToGen, timeToRun } = this.#options;
    const end = timeToRun > 0 ? Date.now() + timeToRun * 1000 : Infinity;
    this.#say(`(ID ${id}) Workload starting`);
    const last = numToGen === 0 ? Infinity : numToGen;
    for (let made = 1; made <= last && Date.now() < end; made += 1) {
      const key = await fingerprint();
      if (signal.aborted) break;
      const left = timeToRun > 0 ? ` ${Math.max(0, Math.round((end - Date.now()) / 1000))} seconds left` : '';
      this.#say(`(ID ${id} ${made}/${numToGen === 0 ? 'Inf' : numToGen}${left}) Item done: ${key}`);
    }
    this.#finish(id, signal);
  }

  async #serve(id: number, signal: AbortSignal): Promise<void> {
    const { memQServer, memQQueue, exitOnComplete } = this.#options;
    this.#say(`(ID ${id}) MemQ Worker starting`);
    while (!signal.aborted) {
      const taken = await this.#take(id, `${memQServer}/queues/${encodeURIComponent(memQQueue)}/dequeue`);
      if (taken === 'message') {
        this.#say(`(ID ${id}) Item done: ${await fingerprint()}`);
        continue;
      }
      if (taken === 'empty' && exitOnComplete) return this.#finish(id, signal);
      if (taken === 'empty') this.#say(`(ID ${id}) Queue is empty. Retrying after 1s.`);
      await sleep(1000);
    }
    this.#say(`(ID ${id}) MemQ Worker shutting down`);
  }

  async #take(id: number, url: string): Promise<'message' | 'empty' | 'error'> {
    try {
      const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(10_000) });
      const text = await answer.text();
      if (answer.status === 204) return 'empty';
      if (answer.ok) return 'message';
      throw new Error(`${answer.status} ${text.trim()}`);
    } catch (error) {
      this.#say(`(ID ${id}) Error talking to server: ${causeOf(error)}. Retrying after 1s.`);
      return 'error';
    }
  }

  #finish(id: number, signal: AbortSignal): void {
    this.#say(`(ID ${id}) Workload exiting`);
    if (!signal.aborted && this.#options.exitOnComplete) this.#exit(this.#options.exitCode);
  }

  #say(text: string): void {
    log(text);
    this.#history.push({ id: (this.#lastHistory += 1), data: text });
    if (this.#history.length > maxHistory) this.#history.shift();
  }
}

/** Makes a 4096 bit RSA key and gives the fingerprint that ssh would show of it. */
async function fingerprint(): Promise<string> {
  const { publicKey } = await makeKey('rsa', { modulusLength: 4096 });
  const { e = '', n = '' } = publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([lengthFirst(Buffer.from('ssh-rsa')), lengthFirst(positive(e)), lengthFirst(positive(n))]);
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** A number as ssh writes it: a leading zero byte where the first bit would make it negative. */
function positive(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function lengthFirst(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
