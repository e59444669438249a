/** Calls to a CRI runtime over its unix socket: gRPC with the messages of messages.ts. */
import { Reader, Writer } from '../../schema/protobuf-wire.ts';
import { readMessage } from '../../schema/protobuf-decode.ts';
import { writeMessage } from '../../schema/protobuf-encode.ts';
import type { Fields, InferFields, Struct } from '../../schema/field.ts';
import { complete, type Complete } from './complete.ts';
import { Client, credentials, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';

/** The runtime said no, or could not be reached. `code` is gRPC's. */
export class CriError extends Error {
  override readonly name = 'CriError';
  readonly code: number;
  /** The runtime's own words. */
  readonly details: string;

  constructor(call: string, code: number, details: string) {
    super(`${call}: ${details}`);
    this.code = code;
    this.details = details;
  }
}

export const deadlineExceededCode = 4;
export const notFoundCode = 5;
export const isGone = (error: unknown): boolean => error instanceof CriError && error.code === notFoundCode;

/** Runtimes take their time to pull and to stop; every other call has this long. */
const patience = 120_000;
const largestMessage = 16 * 1024 * 1024;

export class CriChannel {
  readonly #client: Client;
  readonly #deadline: (milliseconds: number) => number;

  private constructor(client: Client, deadline: (milliseconds: number) => number) {
    this.#client = client;
    this.#deadline = deadline;
  }

  /** `endpoint`: `unix:///run/containerd/containerd.sock` or a path. `now`: milliseconds since the epoch. */
  static open(endpoint: string, now: () => number): CriChannel {
    const target = endpoint.startsWith('/') ? `unix://${endpoint}` : endpoint;
    const client = new Client(target, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessage,
    });
    return new CriChannel(client, (milliseconds) => now() + milliseconds);
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
        `/runtime.v1.${serviceOf(method)}/${method}`,
        encoderOf(request),
        decoderOf(answer),
        message,
        timeout === 0 ? {} : { deadline: this.#deadline(timeout) },
        (error: ServiceError | null, value?: Complete<InferFields<A>>) => {
          if (error !== null) reject(new CriError(method, error.code, error.details));
          else if (value === undefined) reject(new CriError(method, 13, 'the answer is empty'));
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
    const path = `/runtime.v1.${serviceOf(method)}/${method}`;
    return this.#client.makeServerStreamRequest(path, encoderOf(request), decoderOf(answer), message);
  }

  close(): void {
    this.#client.close();
  }
}

function serviceOf(method: string): string {
  return /Image/.test(method) ? 'ImageService' : 'RuntimeService';
}

function encoderOf<F extends Fields>({ schema }: Struct<F>): (message: InferFields<F>) => Buffer {
  return (message) => {
    const writer = new Writer();
    writeMessage(schema, writer, message);
    return writer.finish();
  };
}

function decoderOf<F extends Fields>({ schema }: Struct<F>): (bytes: Buffer) => Complete<InferFields<F>> {
  return (bytes) => complete(schema, readMessage(schema, new Reader(bytes))) as Complete<InferFields<F>>;
}
