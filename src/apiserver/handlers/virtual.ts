/** Reviews: kinds whose objects are never stored. They go through admission as everything that is created does. */
import { methodNotSupported } from '../errors.ts';
import { admissionOf } from '../registry/admit.ts';
import type { Target, WriteContext } from '../registry/context.ts';
import { metaOf, type DraftObject } from '../registry/snapshot.ts';
import type { ServerState } from '../server-types.ts';

/** `draft` is decoded and defaulted, and consumed. Throws a StatusError. */
export async function answerReview(
  { dependencies, registry }: Pick<ServerState, 'dependencies' | 'registry'>,
  target: Target,
  draft: DraftObject,
  context: WriteContext,
): Promise<DraftObject> {
  const { kind, name: resourceName } = target.resource;
  const handler = dependencies.virtual?.get(`${kind.group}/${kind.plural}`);
  if (handler === undefined) throw methodNotSupported(resourceName, 'create');
  const { name = '' } = metaOf(draft);
  const admission = admissionOf(registry, context, { operation: 'CREATE', target: { ...target, name }, draft });
  await admission.admit();
  handler.check?.(draft, target.namespace);
  await admission.validate();
  return handler.answer(draft, context.user);
}
