/** A watch over HTTP: frames of one line (JSON) or with a length before them (protobuf), until it times out. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { expired, StatusError } from '../errors.ts';
import type { Encoder } from '../encoding/encoder.ts';
import type { Exchange, Headers, Outlet } from '../http/exchange.ts';
import { pump } from '../http/pump.ts';
import { itemOf, type Feed, type WatchItem } from './feed.ts';
import type { Flusher } from './flusher.ts';
import { joinedFrames, sharedFrame } from './frames.ts';

/** A set, since an AbortSignal looks through all its listeners for each new one. */
export class OpenWatches {
  readonly #ends = new Set<() => void>();
  #closed = false;

  add(end: () => void): void {
    if (this.#closed) end();
    else this.#ends.add(end);
  }

  delete(end: () => void): void {
    this.#ends.delete(end);
  }

  /** Ends all that are open, and every one that is opened from now on. */
  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
  }
}

export interface WatchServing {
  readonly clock: Clock;
  readonly random: Random;
  readonly flusher: Flusher;
  /** What ends each open watch: the server calls them when it stops. */
  readonly open: OpenWatches;
}

export interface ServeOptions {
  readonly encoder: Encoder;
  readonly bookmarks: boolean;
  /** Further headers of the answer. */
  readonly headers: Headers;
  /** 0 for the server's own choice. */
  readonly timeoutSeconds: number;
}

const bookmarkInterval = 60_000;
/** Upstream spreads the ends of watches without a timeout of their own over half an hour to an hour. */
const shortestTimeout = 1_800;

/**
 * Opens the stream and keeps it going; resolves when it is over. `open` gets the function to be called
 * when changes are ready, and what it throws becomes the stream's only event, as clients expect.
 */
export async function serveWatch(
  exchange: Exchange,
  open: (onReady: () => void) => Feed,
  serving: WatchServing,
  options: ServeOptions,
): Promise<void> {
  const { encoder } = options;
  const headers = { ...options.headers, 'content-type': encoder.contentType, 'cache-control': 'no-cache, private' };
  // The stream comes after its feed, which may call at once.
  const running: { stream?: WatchStream } = {};
  let feed: Feed;
  try {
    feed = open(() => running.stream?.wake());
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 410) throw error;
    const out = exchange.open(200, headers);
    out.write(encoder.error(error.status));
    out.end();
    return;
  }
  running.stream = new WatchStream(exchange.open(200, headers), feed, serving, options);
  await running.stream.run(exchange);
}

class WatchStream {
  readonly #out: Outlet;
  readonly #feed: Feed;
  readonly #serving: WatchServing;
  readonly #options: ServeOptions;
  #live = false;
  #blocked = false;
  #first = true;
  #finish: () => void = () => {};

  constructor(out: Outlet, feed: Feed, serving: WatchServing, options: ServeOptions) {
    this.#out = out;
    this.#feed = feed;
    this.#serving = serving;
    this.#options = options;
  }

  readonly #flush = (): void => this.#send();

  /** Changes are ready. */
  wake(): void {
    if (this.#live && !this.#blocked) this.#serving.flusher.add(this.#flush);
  }

  async run(exchange: Exchange): Promise<void> {
    const { clock, random, open } = this.#serving;
    const over = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    exchange.onClose(this.#finish);
    open.add(this.#finish);
    const seconds = this.#options.timeoutSeconds || shortestTimeout * (1 + random.next());
    const end = clock.after(seconds * 1000, () => this.#expire());
    let bookmark = this.#options.bookmarks ? clock.after(bookmarkInterval, () => remind()) : undefined;
    const remind = (): void => {
      this.#bookmark();
      bookmark = clock.after(bookmarkInterval, () => remind());
    };
    try {
      await this.#begin();
      await over;
    } finally {
      end.cancel();
      bookmark?.cancel();
      open.delete(this.#finish);
      this.#feed.watch.close();
      this.#out.end();
    }
  }

  async #begin(): Promise<void> {
    const { initial, revision, markEnd } = this.#feed;
    const { encoder } = this.#options;
    if (initial !== undefined) await pump(this.#initial(), this.#out);
    if (markEnd && this.#options.bookmarks) this.#out.write(encoder.bookmark(revision, true));
    this.#live = true;
    this.#send();
  }

  *#initial(): Iterable<Uint8Array> {
    for (const snapshot of this.#feed.initial ?? []) {
      yield this.#options.encoder.event('ADDED', snapshot, this.#first);
      this.#first = false;
    }
  }

  #send(): void {
    if (this.#blocked || this.#out.closed) return;
    const { watch, selection } = this.#feed;
    const frames: Uint8Array[] = [];
    for (const change of watch.drain()) {
      const item = itemOf(change, selection);
      if (item !== undefined) frames.push(this.#frame(item));
    }
    if (frames.length > 0 && !this.#out.write(joinedFrames(frames))) this.#wait();
    if (watch.ended) {
      // A reader that was too slow has missed something: it must list again.
      if (watch.error !== undefined) this.#out.write(this.#options.encoder.error(expired(watch.error.message).status));
      this.#finish();
    }
  }

  #wait(): void {
    this.#blocked = true;
    void this.#out.drained().then(() => {
      this.#blocked = false;
      this.#send();
    });
  }

  #frame({ type, snapshot, change }: WatchItem): Uint8Array {
    const { encoder } = this.#options;
    const first = this.#first;
    this.#first = false;
    if (change === undefined || first) return encoder.event(type, snapshot, first);
    return sharedFrame(change, `${type} ${encoder.id}`, () => encoder.event(type, snapshot, false));
  }

  #bookmark(): void {
    if (!this.#live || this.#blocked || this.#out.closed) return;
    this.#send();
    if (!this.#blocked) this.#out.write(this.#options.encoder.bookmark(this.#feed.watch.progress, false));
  }

  /** Says how far it came, so that the client goes on from there. */
  #expire(): void {
    if (this.#options.bookmarks) this.#bookmark();
    this.#finish();
  }
}
