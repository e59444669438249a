/**
 * Notices that a question which was passed on comes back here: /etc/resolv.conf names this very server, or one that
 * asks it. A question that nobody else would ask is sent along; whoever sees it again has found a loop. CoreDNS ends
 * itself then; here forwarding rests, and the names of the cluster are answered all the same.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { encodeQuery } from '../question.ts';
import { types } from '../wire.ts';

export interface LoopGuardOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of the forwarder; '' for all names. */
  readonly zone: string;
  /** For the log. */
  readonly upstreams: string;
  /** Asks the upstreams; resolves in any case. */
  readonly ask: (query: Uint8Array) => Promise<unknown>;
  readonly write: (line: string) => void;
}

/** Milliseconds between two looks. */
const pause = 30_000;
/** So many questions under way at once are suspicious: in a loop they only ever get more. */
const suspicious = 100;

export class LoopGuard {
  readonly #options: LoopGuardOptions;
  readonly #name: string;
  #askedAt = -Infinity;
  #isAsking = false;
  #seen = false;
  #looped = false;

  constructor(options: LoopGuardOptions) {
    this.#options = options;
    const number = (): string => Buffer.from(options.random.bytes(8)).readBigUInt64LE().toString();
    this.#name = [number(), number(), options.zone].filter((part) => part !== '').join('.');
  }

  /** Whether this question is the one that was sent along: then it must not be passed on again. */
  caught(name: string): boolean {
    if (name !== this.#name) return false;
    this.#seen = true;
    if (!this.#looped) this.#tell();
    this.#looped = true;
    return true;
  }

  /** Whether forwarding is of no use now. `active`: questions under way. */
  blocks(active: number): boolean {
    const first = this.#askedAt === -Infinity;
    const due = first || ((this.#looped || active >= suspicious) && this.#isOld());
    if (due && !this.#isAsking) void this.#look();
    return this.#looped;
  }

  #isOld(): boolean {
    return this.#options.clock.monotonic() - this.#askedAt >= pause;
  }

  async #look(): Promise<void> {
    const { clock, ask, write } = this.#options;
    this.#isAsking = true;
    this.#seen = false;
    this.#askedAt = clock.monotonic();
    await ask(encodeQuery(this.#name, types.HINFO, { dnssec: false, recursion: true }));
    this.#isAsking = false;
    if (this.#looped && !this.#seen) {
      this.#looped = false;
      write(`[INFO] plugin/loop: no loop any more for zone "${this.#options.zone}."`);
    }
  }

  #tell(): void {
    const { zone, upstreams, write } = this.#options;
    write(
      `[ERROR] plugin/loop: Loop (${upstreams}) detected for zone "${zone}.": questions passed on come back here. ` +
        `They get SERVFAIL until that is over; correct \`forward\` in the Corefile or the node's /etc/resolv.conf. ` +
        `Query: "HINFO ${this.#name}."`,
    );
  }
}
