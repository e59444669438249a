/** gRPC over a unix socket with messages in the schema's words: CRI runtimes, CSI drivers. */
import { Reader, Writer } from '../../schema/protobuf-wire.ts';
import { readMessage } from '../../schema/protobuf-decode.ts';
import { writeMessage } from '../../schema/protobuf-encode.ts';
import type { Fields, InferFields, Struct } from '../../schema/field.ts';
import { complete, type Complete } from './complete.ts';
import { Client, credentials, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';

/** The other side said no, or could not be reached. `code` is gRPC's. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;
  /** The other side's own words. */
  readonly details: string;

  constructor(call: string, code: number, details: string) {
    super(`${call}: ${details}`);
    this.code = code;
    this.details = details;
  }
}

export const deadlineExceededCode = 4;
export const notFoundCode = 5;
export const isGone = (error: unknown): boolean => error instanceof GrpcError && error.code === notFoundCode;

/** Runtimes take their time to pull and to stop; every other call has this long. */
const patience = 120_000;
const largestMessage = 16 * 1024 * 1024;

export class GrpcChannel {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #service: (method: string) => string;

  private constructor(client: Client, now: () => number, service: (method: string) => string) {
    this.#client = client;
    this.#now = now;
    this.#service = service;
  }

  /**
   * `endpoint`: `unix:///run/containerd/containerd.sock` or a path. `now`: milliseconds since the epoch. `service`:
   * the service that a method belongs to, with its package: `csi.v1.Node`.
   */
  static open(endpoint: string, now: () => number, service: (method: string) => string): GrpcChannel {
    const target = endpoint.startsWith('/') ? `unix://${endpoint}` : endpoint;
    const client = new Client(target, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessage,
    });
    return new GrpcChannel(client, now, service);
  }

  /** `timeout`: milliseconds; 0: none. */
  call<Q extends Fields, A extends Fields>(
    method: string,
    request: Struct<Q>,
    answer: Struct<A>,
    message: InferFields<Q>,
    timeout = patience,
  ): Promise<Complete<InferFields<A>>> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/${this.#service(method)}/${method}`,
        encoderOf(request),
        decoderOf(answer),
        message,
        timeout === 0 ? {} : { deadline: this.#now() + timeout },
        (error: ServiceError | null, value?: Complete<InferFields<A>>) => {
          if (error !== null) reject(new GrpcError(method, error.code, error.details));
          else if (value === undefined) reject(new GrpcError(method, 13, 'the answer is empty'));
          else resolve(value);
        },
      );
    });
  }

  stream<Q extends Fields, A extends Fields>(
    method: string,
    request: Struct<Q>,
    answer: Struct<A>,
    message: InferFields<Q>,
  ): ClientReadableStream<Complete<InferFields<A>>> {
    return this.#client.makeServerStreamRequest(
      `/${this.#service(method)}/${method}`,
      encoderOf(request),
      decoderOf(answer),
      message,
    );
  }

  close(): void {
    this.#client.close();
  }
}

export function encoderOf<F extends Fields>({ schema }: Struct<F>): (message: InferFields<F>) => Buffer {
  return (message) => {
    const writer = new Writer();
    writeMessage(schema, writer, message);
    return writer.finish();
  };
}

export function decoderOf<F extends Fields>({ schema }: Struct<F>): (bytes: Buffer) => Complete<InferFields<F>> {
  return (bytes) => complete(schema, readMessage(schema, new Reader(bytes))) as Complete<InferFields<F>>;
}
