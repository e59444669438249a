/** What is wrong with a question about access. Texts and paths are those of Kubernetes 1.35. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import type { FieldSelectorRequirement } from '../meta/label-selector.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { labelNameFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { ResourceAttributes, SubjectAccessReviewSpec } from './subject-access-review.ts';

type LooseSpec = Loose<SubjectAccessReviewSpec>;

/** Exactly one kind of request, with selectors that make sense. */
export function accessFaults({ resourceAttributes, nonResourceAttributes }: LooseSpec = {}): Fault[] {
  const resource = resourceAttributes === undefined ? [] : selectorFaults(resourceAttributes);
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const text = 'cannot be specified in combination with resourceAttributes';
    return [invalid('spec.nonResourceAttributes', nonResourceAttributes, text), ...resource];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return resource;
  const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid('spec.resourceAttributes', null, text)];
}

export function subjectFaults({ user = '', groups = [] }: LooseSpec = {}): Fault[] {
  if (user !== '' || groups.length > 0) return [];
  return [invalid('spec.user', user, 'at least one of user or group must be specified')];
}

const unwanted = ['name', 'generateName', 'labels', 'annotations', 'ownerReferences', 'finalizers'] as const;

/** A question has no name and no labels: nothing of it is kept. */
export function emptyMetadataFaults(metadata: Loose<ObjectMeta> = {}, text = 'must be empty'): Fault[] {
  const given = unwanted.some((field) => metadata[field] !== undefined && metadata[field] !== '');
  return given ? [invalid('metadata', metadata, text)] : [];
}

/** A local question is about objects of its own namespace only. */
export function localFaults({ metadata = {}, spec = {} }: { metadata?: Loose<ObjectMeta>; spec?: LooseSpec }): Fault[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const namespace = resource?.namespace ?? '';
  return [
    ...(resource !== undefined && namespace !== (metadata.namespace ?? '')
      ? [invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')]
      : []),
    ...(path === undefined ? [] : [invalid('spec.nonResourceAttributes', path, 'disallowed on this kind of request')]),
  ];
}

interface Narrowing {
  readonly rawSelector?: string | undefined;
  readonly requirements?: readonly Loose<FieldSelectorRequirement>[] | undefined;
}

function selectorFaults({ fieldSelector, labelSelector }: Loose<ResourceAttributes>): Fault[] {
  return [
    ...narrowingFaults(fieldSelector, 'spec.resourceAttributes.fieldSelector', ({ key = '' }, path) =>
      key === '' ? [required(`${path}.key`, 'must be specified')] : [],
    ),
    ...narrowingFaults(labelSelector, 'spec.resourceAttributes.labelSelector', ({ key = '' }, path) =>
      labelNameFaults(`${path}.key`, key),
    ),
  ];
}

function narrowingFaults(
  selector: Narrowing | undefined,
  path: string,
  keyFaults: (requirement: Loose<FieldSelectorRequirement>, path: string) => Fault[],
): Fault[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector === '' && requirements.length === 0) {
    return [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)];
  }
  return [
    ...(rawSelector !== '' && requirements.length > 0
      ? [invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')]
      : []),
    ...requirements.flatMap((each, index) => [
      ...keyFaults(each, `${path}.requirements[${index}]`),
      ...valueFaults(each, `${path}.requirements[${index}]`),
    ]),
  ];
}

/** Operators that are not known pass: an authoriser of the future may know them. */
function valueFaults({ operator, values = [] }: Loose<FieldSelectorRequirement>, path: string): Fault[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  }
  return [];
}
