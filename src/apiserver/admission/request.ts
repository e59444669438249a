/** What plugins ask of a request: is it about this kind, how is the object called in a refusal. */
import type { Pod } from '../../api/core/pod.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { Mutable } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Operation } from '../access.ts';
import type { StatusError } from '../errors.ts';
import { forbidden } from '../errors.ts';

/** A pod on its way in: plugins change it in place. */
export type PodDraft = Mutable<Pod>;
export type ContainerDraft = NonNullable<PodDraft['spec']>['containers'][number];

type Handled = Parameters<AdmissionPlugin['handles']>[0];

export function isOf(kind: Kind, request: Pick<Handled, 'kind'>): boolean {
  return request.kind.kind === kind.kind && request.kind.group === kind.group;
}

/** The kind itself, not one of its subresources, in one of these operations. */
export function writes(kind: Kind, ...operations: readonly Operation[]): AdmissionPlugin['handles'] {
  return (request) => request.subresource === '' && operations.includes(request.operation) && isOf(kind, request);
}

/** 403 in upstream's form: `pods "web" is forbidden: WHY`. */
export function refuse({ kind, name }: Pick<AdmissionRequest, 'kind' | 'name'>, why: string): StatusError {
  return forbidden({ group: kind.group, resource: kind.plural }, name === '' ? 'Unknown' : name, why);
}

/** The stored object, when it is of this kind. */
export function oldOf<T extends KubernetesObject>(kind: Kind<T>, request: AdmissionRequest): T | undefined {
  return isOf(kind, request) ? (request.old as T | undefined) : undefined;
}

export function podOf(request: AdmissionRequest): PodDraft {
  return request.object as unknown as PodDraft;
}

/** Init, ordinary and ephemeral containers, in the order in which they start. */
export function containersOf(pod: PodDraft): readonly ContainerDraft[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...(ephemeralContainers as readonly ContainerDraft[])];
}

export const quoted = (text: string): string => JSON.stringify(text);

/** As upstream's lists of errors read: one as it is, several in brackets; doubles are dropped. */
export function aggregate(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}
