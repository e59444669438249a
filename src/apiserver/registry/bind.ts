/** Binding: gives a pod its node, once. */
import { timestamp } from '../../base/clock.ts';
import { notSupported, required, type Fault } from '../../schema/fault.ts';
import { conflict, invalid, success, type Status } from '../errors.ts';
import { admissionOf } from './admit.ts';
import type { Registry, Target, WriteContext } from './context.ts';
import { settleNamespace } from './metadata.ts';
import { draftMeta, metaOf, type DraftObject } from './snapshot.ts';
import { amendObject } from './update.ts';

/** `target` is the pod's; `asked` is what was written to, as admission sees it. Throws 404, 409 or 422. */
export async function bindPod(
  registry: Registry,
  target: Target,
  binding: DraftObject,
  context: WriteContext,
  asked = target,
): Promise<Status> {
  settleNamespace(target.resource, binding, target.namespace);
  const admission = admissionOf(registry, context, { operation: 'CREATE', target: asked, draft: binding });
  await admission.admit();
  const node = nodeOf(target, binding);
  await admission.validate();
  await amendObject(registry, target, context, (draft) => assign(registry, target.name, draft, binding, node));
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
  status: { conditions?: readonly { readonly type: string }[]; readonly nominatedNodeName?: string };
}

function assign(registry: Registry, name: string, draft: DraftObject, binding: DraftObject, node: string): void {
  const meta = draftMeta(draft);
  const { resourceVersion = '', annotations, labels } = metaOf(binding);
  checkBindable(name, draft, metaOf(binding).uid ?? '');
  const pod = draft as unknown as BoundPod;
  if (resourceVersion !== '') meta.resourceVersion = resourceVersion;
  pod.spec.nodeName = node;
  if (annotations !== undefined) meta.annotations = { ...meta.annotations, ...annotations };
  if (labels !== undefined) meta.labels = { ...labels, ...meta.labels };
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const now = timestamp(registry.clock.now());
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  // Where room was made for it is of no interest any more.
  const { nominatedNodeName: _nominated, ...status } = pod.status;
  pod.status = { ...status, conditions: [...others, scheduled] };
}

/** Throws 409. */
function checkBindable(name: string, draft: DraftObject, uid: string): void {
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why);
  const meta = metaOf(draft);
  const { nodeName = '', schedulingGates = [] } = (draft as unknown as BoundPod).spec;
  if (uid !== '' && uid !== meta.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${meta.uid ?? ''}`);
  }
  if (meta.deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (nodeName !== '') throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(nodeName)}`);
  if (schedulingGates.length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
}
