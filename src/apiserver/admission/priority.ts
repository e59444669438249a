/**
 * Priority: the name of a class becomes the number by which pods are scheduled; one class at most is the default.
 *
 * Messages: plugin/pkg/admission/priority/admission.go.
 */
import { Pod } from '../../api/core/pod.ts';
import { PriorityClass } from '../../api/scheduling/priority-class.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../access.ts';
import { isOf, podOf, refuse, type PodDraft } from './request.ts';

interface Resolved {
  readonly name: string;
  readonly value: number;
  readonly preemptionPolicy: 'Never' | 'PreemptLowerPriority';
}

export function podPriority(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'Priority',
    handles: ({ operation, kind, subresource }) =>
      subresource === '' &&
      (operation === 'CREATE' || operation === 'UPDATE') &&
      (isOf(Pod, { kind }) || isOf(PriorityClass, { kind })),
    admit(request) {
      if (!isOf(Pod, request)) return;
      if (request.operation === 'CREATE') setPriority(request, podOf(request), reader);
      else keepPriority(podOf(request), request.old);
    },
    validate(request) {
      if (isOf(PriorityClass, request)) checkDefault(request, reader);
    },
  };
}

/** Clients that don't know the field send updates without it. */
function keepPriority({ spec }: PodDraft, old: Pod | undefined): void {
  const { priority, preemptionPolicy } = old?.spec ?? {};
  if (spec === undefined) return;
  if (priority !== undefined) spec.priority ??= priority;
  if (preemptionPolicy !== undefined) spec.preemptionPolicy ??= preemptionPolicy;
}

function setPriority(request: AdmissionRequest, { spec }: PodDraft, reader: ObjectReader): void {
  if (spec === undefined) return;
  const { name, value, preemptionPolicy } = resolve(request, spec.priorityClassName ?? '', reader);
  const tail = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refuse(
      request,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} ${tail}`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    throw refuse(
      request,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} ${tail}`,
    );
  }
  if (name !== '') spec.priorityClassName = name;
  spec.priority = value;
  spec.preemptionPolicy = preemptionPolicy;
}

function resolve(request: AdmissionRequest, name: string, reader: ObjectReader): Resolved {
  const found = name === '' ? defaultClass(reader) : reader.get(PriorityClass, '', name);
  if (name !== '' && found === undefined) throw refuse(request, `no PriorityClass with name ${name} was found`);
  if (found === undefined) return { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' };
  const { preemptionPolicy = 'PreemptLowerPriority', value } = found;
  return { name: found.metadata.name, value, preemptionPolicy };
}

/** Should there be several after all, the lowest counts. */
function defaultClass(reader: ObjectReader): PriorityClass | undefined {
  return reader
    .list(PriorityClass, '')
    .filter(({ globalDefault }) => globalDefault === true)
    .toSorted((left, right) => left.value - right.value)[0];
}

function checkDefault(request: AdmissionRequest, reader: ObjectReader): void {
  const { globalDefault } = request.object as unknown as PriorityClass;
  if (globalDefault !== true) return;
  const present = defaultClass(reader)?.metadata.name;
  if (present === undefined || (request.operation === 'UPDATE' && present === request.name)) return;
  throw refuse(request, `PriorityClass ${present} is already marked as default. Only one default can exist`);
}
