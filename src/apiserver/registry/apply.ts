/** Server-side apply. */
import { StatusError } from '../errors.ts';
import type { Registry, Target, WriteContext } from './context.ts';
import type { ParsedBody } from './draft.ts';
import type { Updated } from './update.ts';

export interface ApplyOptions {
  readonly force: boolean;
}

export function applyObject(
  _registry: Registry,
  _target: Target,
  _body: ParsedBody,
  _options: ApplyOptions,
  _context: WriteContext,
): Promise<Updated> {
  throw new StatusError(501, 'NotImplemented', 'server-side apply is not built yet');
}
