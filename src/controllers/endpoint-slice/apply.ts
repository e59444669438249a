import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { messageOf } from '../../base/errors.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import { isTerminating } from '../service-account/controller.ts';
import type { SlicePlan } from './plan.ts';

/**
 * Carries a plan out; a namespace that is going, or a slice that has gone, ends it quietly. `tell`: what went wrong,
 * unless somebody else was faster, which is nothing to tell.
 */
export async function applySlices(
  client: Client,
  { create, update, remove }: SlicePlan,
  tell: (message: string) => void,
): Promise<void> {
  try {
    for (const draft of create) await client.create(EndpointSlice, draft);
    for (const slice of update) await client.update(EndpointSlice, slice);
    for (const { metadata } of remove) {
      await client.delete(EndpointSlice, metadata, { preconditions: { uid: metadata.uid } });
    }
  } catch (error) {
    if (isTerminating(error) || isNotFound(error)) return;
    if (!isConflict(error)) tell(messageOf(error));
    throw error;
  }
}
