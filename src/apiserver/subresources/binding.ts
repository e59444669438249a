/** `POST pods/NAME/binding`. */
import { Binding } from '../../api/core/binding.ts';
import { bodyOf } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import { bindPod } from '../registry/bind.ts';
import { checkType, decodeKind } from '../registry/draft.ts';
import type { SubresourceHandler } from '../server-types.ts';

export const bindingHandler: SubresourceHandler = {
  verbs: ['create'],
  async handle(call) {
    checkOptions('CreateOptions', call.info.query);
    const parsed = await bodyOf(call, Binding);
    const binding = decodeKind(Binding, checkType(Binding, parsed.value), parsed.duplicates, call.context);
    const value = await bindPod(call.server.registry, call.target, binding, call.context);
    return { type: 'value', status: 201, value };
  },
};
