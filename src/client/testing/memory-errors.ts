/** The API server's refusals, as far as the memory client makes them. */
import type { Kind } from '../../api/kind.ts';
import { ApiError } from '../client.ts';

export const notFound = (kind: Kind, name: string): ApiError =>
  refusal(404, 'NotFound', `${resourceOf(kind)} "${name}" not found`);

export const alreadyExists = (kind: Kind, name: string): ApiError =>
  refusal(409, 'AlreadyExists', `${resourceOf(kind)} "${name}" already exists`);

export const conflict = (kind: Kind, name: string, detail: string): ApiError =>
  refusal(409, 'Conflict', `Operation cannot be fulfilled on ${resourceOf(kind)} "${name}": ${detail}`);

export const expired = (from: number, oldest: number): ApiError =>
  refusal(410, 'Expired', `too old resource version: ${from} (${oldest})`);

export const invalid = (message: string): ApiError => refusal(422, 'Invalid', message);

function resourceOf(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

function refusal(code: number, reason: string, message: string): ApiError {
  return new ApiError(code, reason, message, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
  });
}
