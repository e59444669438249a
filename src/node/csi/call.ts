/** Calls of a CSI driver's node service. */
import type { Fields, InferFields, Struct } from '../../schema/field.ts';
import type { GrpcError } from '../../runtime/grpc/channel.ts';
import type { Complete } from '../../runtime/grpc/complete.ts';
import { messageOf } from '../../base/errors.ts';
import { VolumeError } from '../volumes/volume.ts';
import type { CsiDriver } from './drivers.ts';

/** Milliseconds that a driver may take for one call, as upstream's agents have it. */
const patience = 120_000;

/** The driver said no, or did not answer. `code` is gRPC's; 14 (unavailable) when no answer came at all. */
export class CsiCallError extends VolumeError {
  readonly code: number;

  constructor(message: string, code: number, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** By their numbers, in the spelling of gRPC for Go, which drivers' documentation and users know. */
const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
export const grpcCode = {
  canceled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unavailable: 14,
} as const;

/** `timeout` in milliseconds. Throws CsiCallError. */
export async function callDriver<Q extends Fields, A extends Fields>(
  driver: CsiDriver,
  method: string,
  [request, answer]: readonly [Struct<Q>, Struct<A>],
  message: InferFields<Q>,
  timeout = patience,
): Promise<Complete<InferFields<A>>> {
  try {
    return await driver.channel.call(method, request, answer, message, timeout);
  } catch (error) {
    // By its name: gRPC is large, and only who opens a channel loads it.
    const answered = error instanceof Error && error.name === 'GrpcError' ? (error as GrpcError) : undefined;
    const code = answered?.code ?? grpcCode.unavailable;
    const details = answered?.details ?? messageOf(error);
    const said = `rpc error: code = ${codeNames[code] ?? code} desc = ${details}`;
    throw new CsiCallError(said, code, error);
  }
}
