/** One line per request, in the form that log tools know, written in batches; and counters for /metrics. */
import { preciseTimestamp, type Clock, type Timer } from '../base/clock.ts';

export interface Access {
  readonly clientAddress: string;
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly status: number;
  readonly bytes: number;
  readonly agent: string;
  readonly milliseconds: number;
  /** `namespace-service-port`, or '-'. */
  readonly backend: string;
  readonly upstream: string;
  readonly requestId: string;
}

/** Lines wait this long for company. */
const flushDelay = 100;
const flushSize = 256;

export class AccessLog {
  readonly #clock: Clock;
  readonly #write: ((text: string) => void) | undefined;
  readonly #counts = new Map<string, number>();
  #lines: string[] = [];
  #timer: Timer | undefined;
  #seconds = 0;

  /** Without `write` only the counters are kept. */
  constructor(clock: Clock, write: ((text: string) => void) | undefined) {
    this.#clock = clock;
    this.#write = write;
  }

  add(access: Access): void {
    const key = `backend="${access.backend}",status="${access.status}"`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#seconds += access.milliseconds / 1000;
    if (this.#write === undefined) return;
    this.#lines.push(lineOf(access, this.#clock.now()));
    if (this.#lines.length >= flushSize) this.flush();
    else this.#timer ??= this.#clock.after(flushDelay, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#write?.(lines.join('\n'));
  }

  metrics(): string {
    const lines = [...this.#counts].map(([labels, count]) => `coracle_ingress_requests_total{${labels}} ${count}`);
    const seconds = [
      '# TYPE coracle_ingress_request_seconds_total counter',
      `coracle_ingress_request_seconds_total ${this.#seconds}`,
    ];
    return `${['# TYPE coracle_ingress_requests_total counter', ...lines, ...seconds].join('\n')}\n`;
  }
}

function lineOf(access: Access, now: number): string {
  const { clientAddress, method, target, protocol, status, bytes, agent, milliseconds, backend, upstream, requestId } =
    access;
  return (
    `${clientAddress} - - [${preciseTimestamp(now)}] "${method} ${target} ${protocol}" ${status} ${bytes} "${agent.replaceAll('"', "'")}" ` +
    `${(milliseconds / 1000).toFixed(3)} [${backend}] ${upstream} ${requestId}`
  );
}
