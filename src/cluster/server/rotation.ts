/** How the command asks the server for new keys, and what it hears back. */
import type { RotatedSecrets } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';

/** Not a path of Kubernetes: administrators may POST to it, as to everything. */
export const rotatePath = '/debug/secrets/rotate';

/** `rotate` and `retire` are POSTs; without an action, what there is. */
export const signingKeyPath = (action?: 'rotate' | 'retire'): string =>
  `/debug/signing-keys${action === undefined ? '' : `/${action}`}`;

export function rotated(answer: unknown): RotatedSecrets {
  const { rewritten, key } = (answer ?? {}) as Partial<RotatedSecrets>;
  if (typeof rewritten === 'number' && typeof key === 'string') return { rewritten, key };
  throw new UserError(
    'the server gave no account of the rotation',
    'is it of an older version? restart it: coracle down && coracle up',
  );
}
