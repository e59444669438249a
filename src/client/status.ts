/** The API server's refusals as errors. */
import { ApiError } from './client.ts';

interface Status {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** From a response. Anything but a Status (a proxy's page, an empty body) becomes one by its code. */
export function apiErrorOf(code: number, body: Uint8Array): ApiError {
  const text = new TextDecoder().decode(body);
  const status = statusIn(text);
  if (status?.kind === 'Status') return errorOf(status, code);
  const excerpt = text.trim().slice(0, 200);
  const message = excerpt === '' ? `the server answered ${code}` : `the server answered ${code}: ${excerpt}`;
  return new ApiError(code, reasons[code] ?? 'Unknown', message);
}

/** From the object of an ERROR event in a watch. */
export function errorOfEvent(object: unknown): ApiError {
  return errorOf(object as Status, 500);
}

function errorOf(status: Status, code: number): ApiError {
  const { reason = reasons[code] ?? 'Unknown', message = `the server answered ${code}` } = status;
  return new ApiError(status.code ?? code, reason, message, status as Readonly<Record<string, unknown>>);
}

function statusIn(text: string): Status | undefined {
  try {
    return (JSON.parse(text) ?? undefined) as Status | undefined;
  } catch {
    return undefined;
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
