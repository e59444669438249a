/** What carries a client's requests: HTTPS (https-transport.ts), or a function call into an API server. */
import { codeOf } from '../base/errors.ts';

export interface TransportRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Aborts the request, and the response while it is read. */
  readonly signal?: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body. Either this or `chunks`, once. */
  whole(): Promise<Uint8Array>;
  /** The body as it comes. Leaving the loop ends the request. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface Transport {
  /** Rejects with ConnectionError when there is no answer. HTTP errors are answers. */
  send(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}

/** The server could not be reached, or the connection broke. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Nothing of the request was processed: it may be sent again, whatever it is. */
  readonly unsent: boolean;

  constructor(message: string, unsent: boolean, cause?: unknown) {
    super(message, { cause });
    this.unsent = unsent;
  }

  /** Nobody listens there. */
  get isRefused(): boolean {
    return codeOf(this.cause) === 'ECONNREFUSED';
  }
}
