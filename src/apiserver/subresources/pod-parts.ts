/** Parts of a pod that change through a subresource of their own: ephemeral containers and resources. */
import { podResizeFaults } from '../../api/core/validate-pod-resize.ts';
import { ephemeralContainersUpdateFaults } from '../../api/core/validate-pod.ts';
import type { Fault } from '../../schema/fault.ts';
import { deepClone } from '../../schema/freeze.ts';
import type { Entry } from '../../store/store.ts';
import { notFound } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { patchFormat } from '../http/negotiate.ts';
import { isTrue } from '../http/request-info.ts';
import { bodyOf, getObject } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import { applyObject } from '../registry/apply.ts';
import { parseBody, readObject } from '../registry/draft.ts';
import { patched } from '../registry/patch.ts';
import { draftMeta, metaOf, type DraftObject } from '../registry/snapshot.ts';
import { updateObject, type UpdateOptions } from '../registry/update.ts';
import type { Answer, Call, SubresourceHandler } from '../server-types.ts';

interface Part {
  /** Takes over from `sent` what this path may change, into a copy of the stored object. */
  take(draft: DraftObject, sent: DraftObject): void;
  readonly faults: (draft: DraftObject, old: Entry) => readonly Fault[];
}

/** GET, PUT and PATCH of a part. Everything else that is sent is ignored, as upstream does. */
function partHandler(part: Part): SubresourceHandler {
  return {
    verbs: ['get', 'update', 'patch'],
    handle: (call) => (call.info.verb === 'get' ? getObject(call) : changePart(call, part)),
  };
}

async function changePart(call: Call, part: Part): Promise<Answer> {
  const { resource, target, server, context, info, exchange } = call;
  const patching = info.verb === 'patch';
  checkOptions(patching ? 'PatchOptions' : 'UpdateOptions', info.query);
  const format = patching ? patchFormat(exchange.headers['content-type'], true) : 'merge';
  const parsed = patching
    ? await parseBody(await readBody(exchange, server.clock), format === 'apply' ? 'yaml' : 'json', true)
    : await bodyOf(call);
  const options: UpdateOptions = {
    merged: patching,
    createAbsent: false,
    rules: part.faults,
    next(old) {
      if (old === undefined) throw notFound(resource.name, target.name);
      const sent =
        patching && format !== 'apply'
          ? patched(resource, old, format, parsed, context)
          : readObject(resource, parsed, context);
      const draft = deepClone(old.value) as DraftObject;
      const { resourceVersion, uid } = metaOf(sent);
      if (resourceVersion !== undefined) draftMeta(draft).resourceVersion = resourceVersion;
      if (uid !== undefined) draftMeta(draft).uid = uid;
      part.take(draft, sent);
      return draft;
    },
  };
  const { snapshot } =
    format === 'apply'
      ? await applyObject(server.registry, target, parsed, { force: isTrue(info.query.get('force')) }, context)
      : await updateObject(server.registry, target, context, options);
  return { type: 'object', status: 200, resource, snapshot };
}

interface PodSpecDraft {
  containers?: ContainerDraft[];
  initContainers?: ContainerDraft[];
  ephemeralContainers?: unknown[];
}
interface ContainerDraft {
  name: string;
  resources?: unknown;
  resizePolicy?: unknown;
}

const specOf = (draft: DraftObject): PodSpecDraft => draft['spec'] ?? {};

export const ephemeralContainersHandler = partHandler({
  take(draft, sent) {
    const { ephemeralContainers } = specOf(sent);
    if (ephemeralContainers === undefined) delete specOf(draft).ephemeralContainers;
    else specOf(draft).ephemeralContainers = ephemeralContainers;
  },
  faults: (draft, old) => ephemeralContainersUpdateFaults(draft, old.value),
});

export const resizeHandler = partHandler({
  take(draft, sent) {
    takeResources(specOf(draft).containers, specOf(sent).containers);
    takeResources(specOf(draft).initContainers, specOf(sent).initContainers);
  },
  faults: (draft, old) => podResizeFaults(draft, old.value),
});

function takeResources(present: ContainerDraft[] = [], sent: readonly ContainerDraft[] = []): void {
  for (const container of present) {
    const wanted = sent.find(({ name }) => name === container.name);
    if (wanted === undefined) continue;
    if (wanted.resources !== undefined) container.resources = wanted.resources;
    if (wanted.resizePolicy !== undefined) container.resizePolicy = wanted.resizePolicy;
  }
}
