/**
 * How controllers report what they have worked out.
 *
 *     const reported = await writeStatus(client, Deployment, deployment, plan.status);
 *     return soonest(plan, reported);
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import type { ReconcileResult } from '../../client/controller.ts';
import { deepEqual } from '../../schema/freeze.ts';

/** Milliseconds until a status that met a conflict is worked out again. */
const conflictPause = 1_000;

/**
 * Writes the status, unless it says what is there already. An object that is gone needs none. After a conflict
 * the status may be wrong: the newer object, which is on its way to the cache, brings the key back; and if that
 * had come before, or what was changed concerns nobody here, the result does.
 */
export async function writeStatus<T extends KubernetesObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  status: object,
): Promise<ReconcileResult> {
  if (sameStatus((object as { readonly status?: object }).status, status)) return {};
  try {
    await client.update(kind, { ...object, status }, { subresource: 'status' });
  } catch (error) {
    if (isConflict(error)) return { after: conflictPause };
    if (!isNotFound(error)) throw error;
  }
  return {};
}

/** Whether both say the same, where zero, an empty text or an empty list says as much as nothing. */
export function sameStatus(left: object | undefined, right: object): boolean {
  return deepEqual(withoutZeros(left), withoutZeros(right));
}

/** Such values are left out when objects are stored. */
function withoutZeros(status: object = {}): object {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => !isZero(value)));
}

function isZero(value: unknown): boolean {
  return value === undefined || value === 0 || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Comes back when the first of them asks to. */
export function soonest(...results: readonly ReconcileResult[]): ReconcileResult {
  const due = results.flatMap(({ after }) => after ?? []);
  return due.length === 0 ? {} : { after: Math.min(...due) };
}
