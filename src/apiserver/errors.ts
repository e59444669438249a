/**
 * Everything that the API refuses, as the `Status` objects that clients test for. One function per
 * reason; reasons, codes and texts are those that Kubernetes' clients match on.
 */
import { faultMessage, type Fault } from '../schema/fault.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A metav1.Status as JSON. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** The request is refused; `status` is what the client gets. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** A token to go on listing with, for an expired one. */
  readonly continue: string | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails, continueToken?: string) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continue = continueToken;
  }

  get status(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** A resource as messages name it: `pods`, `deployments.apps`. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** A kind as messages name it: `Pod`, `Deployment.apps`. */
export interface KindName {
  readonly group: string;
  readonly kind: string;
}

const dotted = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

function detailsOf(of: ResourceName, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(of.group === '' ? {} : { group: of.group }),
    kind: of.resource,
  };
}

export function notFound(of: ResourceName, name: string): StatusError {
  const message = `${dotted(of.resource, of.group)} ${JSON.stringify(name)} not found`;
  return new StatusError(404, 'NotFound', message, detailsOf(of, name));
}

/** No such path: what clients print for a 404 without a Status of its own. */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function alreadyExists(of: ResourceName, name: string): StatusError {
  const message = `${dotted(of.resource, of.group)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(of, name));
}

/** Every generated name was taken. */
export function generateNameConflict(of: ResourceName, name: string): StatusError {
  const message =
    `${dotted(of.resource, of.group)} ${JSON.stringify(name)} already exists, ` +
    'the server was not able to generate a unique name for the object';
  return new StatusError(409, 'AlreadyExists', message, { ...detailsOf(of, name), retryAfterSeconds: 1 });
}

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(of: ResourceName, name: string, detail: string = modified): StatusError {
  const message = `Operation cannot be fulfilled on ${dotted(of.resource, of.group)} ${JSON.stringify(name)}: ${detail}`;
  return new StatusError(409, 'Conflict', message, detailsOf(of, name));
}

/** Server-side apply met fields that others own. */
export function applyConflict(message: string, causes: readonly StatusCause[]): StatusError {
  return new StatusError(409, 'Conflict', message, { causes });
}

export function invalid(of: KindName, name: string, faults: readonly Fault[]): StatusError {
  const messages = [...new Set(faults.map(faultMessage))];
  const [only = ''] = messages;
  const text = messages.length === 1 ? only : `[${messages.join(', ')}]`;
  const causes = faults.map(({ type, body, path }) => ({ reason: type, message: body, field: path }));
  const message = `${dotted(of.kind, of.group)} ${JSON.stringify(name)} is invalid${faults.length === 0 ? '' : `: ${text}`}`;
  return new StatusError(422, 'Invalid', message, {
    ...(name === '' ? {} : { name }),
    ...(of.group === '' ? {} : { group: of.group }),
    ...(of.kind === '' ? {} : { kind: of.kind }),
    ...(causes.length === 0 ? {} : { causes }),
  });
}

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);
export const unauthorized = (message = 'Unauthorized'): StatusError => new StatusError(401, 'Unauthorized', message);

export function forbidden(of: ResourceName, name: string, why: string): StatusError {
  const what = dotted(of.resource, of.group);
  if (of.resource === '') return new StatusError(403, 'Forbidden', `forbidden: ${why}`, {});
  const message = name === '' ? `${what} is forbidden: ${why}` : `${what} ${JSON.stringify(name)} is forbidden: ${why}`;
  return new StatusError(403, 'Forbidden', message, detailsOf(of, name));
}

/** The verb exists, but not here. */
export function methodNotSupported(of: ResourceName, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${JSON.stringify(dotted(of.resource, of.group))}`;
  return new StatusError(405, 'MethodNotAllowed', message, detailsOf(of, ''));
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`;
  return new StatusError(406, 'NotAcceptable', message);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** The revision asked for, or a continue token, has been compacted. */
export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError(410, 'Expired', message, undefined, continueToken);
}

export function tooOldResourceVersion(asked: number, current: number): StatusError {
  return expired(`too old resource version: ${asked} (${current})`);
}

export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export function tooLarge(detail: string): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${detail}`);
}

export function tooManyRequests(
  message: string,
  retryAfterSeconds: number,
  causes?: readonly StatusCause[],
): StatusError {
  return new StatusError(429, 'TooManyRequests', message, {
    ...(causes === undefined ? {} : { causes }),
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  });
}

export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  const details = retryAfterSeconds > 0 ? { retryAfterSeconds } : {};
  return new StatusError(504, 'Timeout', `Timeout: ${message}`, details);
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', message);
}

export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** What upstream's storage refuses without saying which kind of refusal it is: a 500 without a reason. */
export function storageError(message: string): StatusError {
  return new StatusError(500, '', message);
}

export function success(details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
  };
}
