/** Columns about a pod template, which tables of workload kinds end with under `-o wide`. */
import type { Column, KubernetesObject } from '../kind.ts';
import type { Loose } from '../rules/loose.ts';
import type { Container } from './container.ts';
import type { PodTemplateSpec } from './pod-template-spec.ts';

type Template = Loose<PodTemplateSpec> | undefined;

const joined = (template: Template, field: keyof Container & ('name' | 'image')): string =>
  (template?.spec?.containers ?? []).map((container) => container[field] ?? '').join(',');

/** `template` finds the template in the object. */
export function templateColumns<T extends KubernetesObject>(template: (object: T) => Template): readonly Column<T>[] {
  return [
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      doc: 'Names of the containers in the template.',
      value: (object) => joined(template(object), 'name'),
    },
    {
      name: 'Images',
      type: 'string',
      priority: 1,
      doc: 'Images of the containers in the template.',
      value: (object) => joined(template(object), 'image'),
    },
  ];
}
