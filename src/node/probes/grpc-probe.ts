/**
 * gRPC health checks (grpc.health.v1.Health/Check) over plain HTTP/2. One request with one text field and one answer
 * with one number do not need a gRPC library in a process that must stay small.
 */
import { connect, constants } from 'node:http2';
import { dialError, failed, hostPort, succeeded, type Outcome } from './outcome.ts';

const statuses: Readonly<Record<number, string>> = {
  0: 'UNKNOWN',
  1: 'SERVING',
  2: 'NOT_SERVING',
  3: 'SERVICE_UNKNOWN',
};
const longestAnswer = 64 * 1024;

interface Answer {
  readonly grpcStatus: number;
  readonly grpcMessage: string;
  readonly body: Buffer;
}

export async function grpcProbe(
  host: string,
  port: number,
  service: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const address = hostPort(host, port);
  try {
    const { grpcStatus, grpcMessage, body } = await check(address, service, signal);
    if (grpcStatus === 12)
      return failed(
        `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${grpcMessage}`,
      );
    if (grpcStatus !== 0)
      return failed(`error: health rpc probe failed: rpc error: code = ${grpcStatus} desc = ${grpcMessage}`);
    const status = statuses[decodeStatus(body)] ?? 'UNKNOWN';
    return status === 'SERVING' ? succeeded : failed(`service unhealthy (responded with "${status}")`);
  } catch (error) {
    if (signal.aborted) {
      return failed(
        `timeout: failed to connect service "${address}" within ${timeoutSeconds}s: context deadline exceeded`,
      );
    }
    return failed(`error: failed to connect service at "${address}": ${dialError(error, address)}`);
  }
}

function check(address: string, service: string, signal: AbortSignal): Promise<Answer> {
  const session = connect(`http://${address}`);
  return new Promise<Answer>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    session.once('error', reject);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.35',
    });
    let body: Buffer = Buffer.alloc(0);
    let headers: Readonly<Record<string, string | string[] | number | undefined>> = {};
    stream.on('response', (received) => (headers = { ...headers, ...received }));
    stream.on('trailers', (received) => (headers = { ...headers, ...received }));
    stream.on('data', (part: Buffer) => {
      body = Buffer.concat([body, part]);
      if (body.length > longestAnswer) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.once('error', reject);
    stream.once('end', () => {
      const status = headers['grpc-status'];
      const grpcStatus = status === undefined ? (body.length > 0 ? 0 : 2) : Number(status);
      resolve({ grpcStatus, grpcMessage: [headers['grpc-message'] ?? ''].flat().join(), body });
    });
    stream.end(encodeRequest(service));
  }).finally(() => session.destroy());
}

/** A length-prefixed message with the service's name as field 1. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const field = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(field.length, 1);
  return Buffer.concat([head, field]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Field 1 of the message, a small number; absent means 0. */
function decodeStatus(body: Buffer): number {
  return body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
