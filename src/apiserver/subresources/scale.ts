/** `/scale`: how many replicas, whatever the kind. Reads and writes three paths that the kind names. */
import { Scale } from '../../api/autoscaling/scale.ts';
import type { ScaleSubresource } from '../../api/kind.ts';
import { invalid as invalidField } from '../../schema/fault.ts';
import { deepClone, isRecord } from '../../schema/freeze.ts';
import { formatSelector, selectorOf, selectorOfMap } from '../../schema/selector.ts';
import { conflict, invalid, notFound, unsupportedMediaType } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { bodyFormat, patchFormat } from '../http/negotiate.ts';
import { checkType, decodeKind, parseBody } from '../registry/draft.ts';
import { patched } from '../registry/patch.ts';
import { readOne } from '../registry/read.ts';
import type { Resource } from '../registry/resources.ts';
import { metaOf, seal, type DraftObject, type Snapshot } from '../registry/snapshot.ts';
import { updateObject } from '../registry/update.ts';
import type { Answer, Call, SubresourceHandler } from '../server-types.ts';
import { checkOptions } from '../handlers/options.ts';

export const scaleHandler: SubresourceHandler = {
  verbs: ['get', 'update', 'patch'],
  async handle(call) {
    if (call.info.verb !== 'get') return changeScale(call);
    const { resource, target, server } = call;
    return answerWith(call, readOne(server.registry.store, resource, target.namespace, target.name));
  },
};

const scaleResource = (resource: Resource): Resource => ({ ...resource, kind: Scale, storage: Scale });

async function changeScale(call: Call): Promise<Answer> {
  const { resource, target, server, context, exchange, info } = call;
  const paths = pathsOf(resource);
  checkOptions(info.verb === 'patch' ? 'PatchOptions' : 'UpdateOptions', info.query);
  const patching = info.verb === 'patch';
  const format = patching ? patchFormat(exchange.headers['content-type'], true) : 'merge';
  if (format === 'apply') throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
  const body = await readBody(exchange, server.clock);
  const bodyType = patching ? 'json' : bodyFormat(exchange.headers['content-type']);
  const parsed = await parseBody(body, bodyType, true, Scale);
  const { snapshot } = await updateObject(server.registry, target, context, {
    merged: true,
    createAbsent: false,
    next(old) {
      if (old === undefined) throw notFound(resource.name, target.name);
      const present = scaleOf(resource, old);
      const scale = patching
        ? patched(scaleResource(resource), { ...seal(Scale, present), revision: old.revision }, format, parsed, context)
        : decodeKind(Scale, checkType(Scale, parsed.value), parsed.duplicates, context);
      const asked = metaOf(scale).resourceVersion ?? '';
      if (asked !== '' && asked !== String(old.revision)) throw conflict(resource.name, target.name);
      return withReplicas(call, deepClone(old.value) as DraftObject, paths, replicasOf(scale));
    },
  });
  return answerWith(call, snapshot);
}

function replicasOf(scale: DraftObject): number {
  const { spec } = scale as { readonly spec?: { readonly replicas?: number } };
  return spec?.replicas ?? 0;
}

function withReplicas(call: Call, draft: DraftObject, paths: ScaleSubresource, replicas: number): DraftObject {
  if (replicas < 0) {
    const faults = [invalidField('spec.replicas', replicas, 'must be greater than or equal to 0')];
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, call.target.name, faults);
  }
  const parts = paths.replicas.replace(/^\./, '').split('.');
  let at = draft;
  for (const part of parts.slice(0, -1)) {
    const inner = at[part];
    at = isRecord(inner) ? inner : (at[part] = {} as DraftObject);
  }
  at[parts.at(-1) ?? 'replicas'] = replicas;
  return draft;
}

function pathsOf(resource: Resource): ScaleSubresource {
  const paths = resource.kind.subresources.scale;
  if (paths === undefined) throw notFound(resource.name, 'scale');
  return paths;
}

function answerWith(call: Call, snapshot: Snapshot): Answer {
  return { type: 'value', status: 200, value: scaleOf(call.resource, snapshot, true), kind: Scale };
}

function scaleOf(resource: Resource, snapshot: Snapshot, shown = false): DraftObject {
  const paths = pathsOf(resource);
  const meta = metaOf(snapshot.value);
  const selector = selectorText(valueAt(snapshot.value, paths.selector ?? ''));
  return {
    kind: Scale.kind,
    apiVersion: Scale.apiVersion,
    metadata: {
      name: meta.name,
      ...(meta.namespace === undefined ? {} : { namespace: meta.namespace }),
      uid: meta.uid,
      ...(shown ? { resourceVersion: String(snapshot.revision) } : {}),
      creationTimestamp: meta.creationTimestamp,
    },
    spec: { replicas: Number(valueAt(snapshot.value, paths.replicas) ?? 0) },
    status: {
      replicas: Number(valueAt(snapshot.value, paths.statusReplicas) ?? 0),
      ...(selector === '' ? {} : { selector }),
    },
  };
}

function valueAt(object: object, path: string): unknown {
  if (path === '') return undefined;
  let at: unknown = object;
  for (const part of path.replace(/^\./, '').split('.')) at = isRecord(at) ? at[part] : undefined;
  return at;
}

/** A text (custom resources), a LabelSelector or a map. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (!isRecord(selector)) return '';
  const struct = 'matchLabels' in selector || 'matchExpressions' in selector || Object.keys(selector).length === 0;
  return formatSelector(struct ? selectorOf(selector) : selectorOfMap(selector as Record<string, string>));
}
