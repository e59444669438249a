/**
 * How batches reach the journal's thread: one at a time, in memory that both threads see. The thread sleeps on a
 * word of it. A message through a port would wake its event loop instead, which costs both threads three to four
 * times as much for every batch.
 *
 *     control (int32)    turn: counts what was posted; length: bytes of the body, or `ending`
 *     body               grows to the largest batch so far
 */

/** What both threads hold. */
export interface Mailbox {
  readonly control: SharedArrayBuffer;
  readonly body: SharedArrayBuffer;
}

const turn = 0;
const length = 1;
const ending = -1;
/** Address space, not memory: a batch has 4 MiB and one commit at most. */
const longestBody = 256 * 2 ** 20;
const firstBody = 64 * 2 ** 10;

export function mailbox(): Mailbox {
  return {
    control: new SharedArrayBuffer(8),
    body: new SharedArrayBuffer(firstBody, { maxByteLength: longestBody }),
  };
}

/** The end of the thread that commits. What was posted before must have been answered. */
export class Outbox {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #body: SharedArrayBuffer;

  constructor({ control, body }: Mailbox) {
    this.#control = new Int32Array(control);
    this.#body = body;
  }

  /** Hands over `size` bytes that `fill` writes. Throws a RangeError beyond 256 MiB. */
  post(size: number, fill: (body: Buffer) => void): void {
    if (size > longestBody) throw new RangeError(`a batch of ${size} bytes is more than the journal takes at once`);
    if (size > this.#body.byteLength) this.#body.grow(Math.min(longestBody, Math.max(size, 2 * this.#body.byteLength)));
    fill(Buffer.from(this.#body, 0, size));
    this.#wake(size);
  }

  /** Tells the thread that nothing more will come. */
  end(): void {
    this.#wake(ending);
  }

  #wake(size: number): void {
    Atomics.store(this.#control, length, size);
    Atomics.add(this.#control, turn, 1);
    Atomics.notify(this.#control, turn);
  }
}

/** What was posted, as it comes, until the end. Blocks the thread meanwhile. */
export function* inbox({ control, body }: Mailbox): Generator<Buffer> {
  const words = new Int32Array(control);
  for (let seen = 0; ; seen += 1) {
    Atomics.wait(words, turn, seen);
    const size = Atomics.load(words, length);
    if (size === ending) return;
    yield Buffer.from(body, 0, size);
  }
}
