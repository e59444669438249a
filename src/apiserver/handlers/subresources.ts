/** The subresources that several kinds have; those of one kind are in ../subresources/. */
import { getObject, patchOne, updateOne } from './objects.ts';
import type { Resource } from '../registry/resources.ts';
import type { SubresourceHandler } from '../server-types.ts';
import { scaleHandler } from '../subresources/scale.ts';

/** The handler of `resource/subresource`, if the kind has one. */
export function subresourceOf(
  handlers: ReadonlyMap<string, SubresourceHandler>,
  resource: Resource,
  name: string,
): SubresourceHandler | undefined {
  const { subresources } = resource.kind;
  const { group, plural } = resource.storage;
  const own = handlers.get(`${group}/${plural}/${name}`);
  if (own !== undefined) return own;
  if (name === 'status' && subresources.status === true) return statusHandler;
  if (name === 'scale' && subresources.scale !== undefined) return scaleHandler;
  return undefined;
}

const statusHandler: SubresourceHandler = {
  verbs: ['get', 'update', 'patch'],
  handle(call) {
    if (call.info.verb === 'get') return getObject(call);
    return call.info.verb === 'update' ? updateOne(call) : patchOne(call);
  },
};
