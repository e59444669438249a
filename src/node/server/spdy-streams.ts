/** exec and attach over SPDY: the client opens one stream per channel and says in a header which it is. */
import type { Clock } from '../../base/clock.ts';
import type { TerminalSize } from '../../runtime/runtime.ts';
import { within } from '../timeout.ts';
import type { SpdyConnection, SpdyStream } from '../../spdy/connection.ts';
import { parseSize, statusText, type CommandStreams, type StreamRequest } from './streams.ts';

/** In order of preference. v1 has no name. */
export const spdyProtocols: readonly string[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
];

const longestWait = 30_000;
const drainWait = 5000;

/** Collects the streams as they are opened. */
export class SpdyCommand {
  readonly #streams = new Map<string, SpdyStream>();
  readonly #expected: ReadonlySet<string>;
  #complete = (): void => {};
  readonly #ready: Promise<boolean>;

  constructor(request: StreamRequest, protocol: string) {
    const names = ['error'];
    if (request.stdin) names.push('stdin');
    if (request.stdout) names.push('stdout');
    if (request.stderr && !request.tty) names.push('stderr');
    if (request.tty && /^v[345]/.test(protocol)) names.push('resize');
    this.#expected = new Set(names);
    this.#ready = new Promise((resolve) => (this.#complete = () => resolve(true)));
  }

  add(stream: SpdyStream): void {
    const name = stream.headers['streamtype'] ?? '';
    if (!this.#expected.has(name) || this.#streams.has(name)) return void stream.destroy();
    stream.on('error', () => {});
    this.#streams.set(name, stream);
    if (this.#streams.size === this.#expected.size) this.#complete();
  }

  /** Undefined when the client does not open them all in time. */
  async streams(
    connection: SpdyConnection,
    closed: Promise<void>,
    protocol: string,
    clock: Clock,
  ): Promise<CommandStreams | undefined> {
    const ready = await within(clock, longestWait, Promise.race([this.#ready, closed.then(() => undefined)]));
    if (ready === undefined) return undefined;
    const stdout = this.#streams.get('stdout');
    const stderr = this.#streams.get('stderr');
    return {
      stdin: this.#streams.get('stdin'),
      stdout,
      stderr,
      onResize: (action) => this.#follow(action),
      finish: async (status) => {
        const text = statusText(status, protocol);
        const error = this.#streams.get('error');
        if (text !== '') error?.write(text);
        const open = [stdout, stderr, error].filter((each) => each !== undefined);
        await within(clock, drainWait, Promise.all(open.map(ended)));
        connection.close();
      },
      closed,
    };
  }

  /** Sizes come one JSON object after the other, in pieces of any size. */
  #follow(action: (size: TerminalSize) => void): void {
    let rest = '';
    this.#streams.get('resize')?.on('data', (part: Buffer) => {
      rest = `${rest}${part.toString()}`.slice(-1024);
      for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
        const size = parseSize(rest.slice(0, end + 1).trim());
        rest = rest.slice(end + 1);
        if (size !== undefined) action(size);
      }
    });
  }
}

function ended(stream: SpdyStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableFinished) return resolve();
    stream.once('close', () => resolve());
    stream.end(() => resolve());
  });
}
