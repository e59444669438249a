/** `pods/NAME/binding` and the older `bindings`: gives a pod its node, once. */
import { timestamp } from '../../base/clock.ts';
import { Binding } from '../../api/core/binding.ts';
import { notSupported, required, type Fault } from '../../schema/fault.ts';
import { deepClone } from '../../schema/freeze.ts';
import { conflict, invalid, notFound, success, type Status } from '../errors.ts';
import { admissionOf } from '../registry/admit.ts';
import type { Registry, Target, WriteContext } from '../registry/context.ts';
import { checkType, decodeKind } from '../registry/draft.ts';
import { settleNamespace } from '../registry/metadata.ts';
import { draftMeta, metaOf, type DraftObject } from '../registry/snapshot.ts';
import { updateObject } from '../registry/update.ts';
import type { SubresourceHandler } from '../server-types.ts';
import { bodyOf } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';

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

/** `target` is the pod's. Throws 404, 409 or 422. */
export async function bindPod(
  registry: Registry,
  target: Target,
  binding: DraftObject,
  context: WriteContext,
): Promise<Status> {
  settleNamespace(target.resource, binding, target.namespace);
  const admission = admissionOf(registry, context, { operation: 'CREATE', target, draft: binding });
  await admission.admit();
  const node = nodeOf(target, binding);
  await admission.validate();
  await updateObject(registry, target, context, {
    merged: true,
    createAbsent: false,
    rules: 'none',
    direct: true,
    next(old) {
      if (old === undefined) throw notFound(target.resource.name, target.name);
      const draft = deepClone(old.value) as DraftObject;
      assign(registry, target.name, draft, binding, node);
      return draft;
    },
  });
  return { ...success(), code: 201 };
}

function nodeOf({ name }: Target, binding: DraftObject): string {
  const { target = {} } = binding as { readonly target?: { readonly kind?: string; readonly name?: string } };
  const faults: Fault[] = [];
  if (target.kind !== undefined && target.kind !== '' && target.kind !== 'Node') {
    faults.push(notSupported('target.kind', target.kind, ['Node', '<empty>']));
  }
  if (target.name === undefined || target.name === '') faults.push(required('target.name'));
  if (faults.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, faults);
  return target.name ?? '';
}

interface BoundPod {
  spec: { nodeName?: string; schedulingGates?: readonly unknown[] };
  status: { conditions?: readonly { readonly type: string }[] };
}

function assign(registry: Registry, name: string, draft: DraftObject, binding: DraftObject, node: string): void {
  const of = { group: '', resource: 'pods/binding' };
  const meta = draftMeta(draft);
  const { uid, resourceVersion, annotations, labels } = metaOf(binding);
  const pod = draft as unknown as BoundPod;
  if (uid !== undefined && uid !== '' && uid !== meta.uid) {
    const detail = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${meta.uid ?? ''}`;
    throw conflict(of, name, detail);
  }
  if (resourceVersion !== undefined && resourceVersion !== '') meta.resourceVersion = resourceVersion;
  if (meta.deletionTimestamp !== undefined) {
    throw conflict(of, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') {
    throw conflict(of, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  }
  if ((pod.spec.schedulingGates?.length ?? 0) > 0) {
    throw conflict(of, name, `pod ${name} has non-empty .spec.schedulingGates`);
  }
  pod.spec.nodeName = node;
  if (annotations !== undefined) meta.annotations = { ...meta.annotations, ...annotations };
  if (labels !== undefined) meta.labels = { ...labels, ...meta.labels };
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(registry.clock.now()),
  };
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
}
