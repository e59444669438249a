/** `namespaces/NAME/finalize`: who is done with a namespace takes its name off the spec's finalizers. */
import { deepClone } from '../../schema/freeze.ts';
import { finalizerNameFaults } from '../../api/meta/validate-object-meta.ts';
import type { Fault } from '../../schema/fault.ts';
import { notFound } from '../errors.ts';
import { bodyOf } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import { readObject } from '../registry/draft.ts';
import { draftMeta, metaOf, type DraftObject } from '../registry/snapshot.ts';
import { updateObject } from '../registry/update.ts';
import type { SubresourceHandler } from '../server-types.ts';

export const finalizeHandler: SubresourceHandler = {
  verbs: ['update'],
  async handle(call) {
    const { resource, target, server, context } = call;
    checkOptions('UpdateOptions', call.info.query);
    const parsed = await bodyOf(call);
    const { snapshot } = await updateObject(server.registry, target, context, {
      merged: false,
      createAbsent: false,
      rules: finalizerFaults,
      next(old) {
        if (old === undefined) throw notFound(resource.name, target.name);
        const sent = readObject(resource, parsed, context);
        const draft = deepClone(old.value) as DraftObject;
        const { resourceVersion, uid } = metaOf(sent);
        if (resourceVersion !== undefined) draftMeta(draft).resourceVersion = resourceVersion;
        if (uid !== undefined) draftMeta(draft).uid = uid;
        draft['spec'] = sent['spec'] ?? {};
        return draft;
      },
    });
    return { type: 'object', status: 200, resource, snapshot };
  },
};

function finalizerFaults({ spec }: DraftObject): readonly Fault[] {
  const { finalizers = [] } = spec as { readonly finalizers?: readonly string[] };
  return finalizers.flatMap((name, index) => finalizerNameFaults(name, `spec.finalizers[${index}]`));
}
