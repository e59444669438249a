/** The column that says which pods belong to a workload. */
import type { LabelSelector } from '../meta/label-selector.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { formatLabelSelector } from '../rules/label-selector.ts';

/** `everything` is printed for a selector that selects all. */
export function selectorColumn<T extends KubernetesObject>(
  selector: (object: T) => LabelSelector | undefined,
  everything = '<none>',
): Column<T> {
  return {
    name: 'Selector',
    type: 'string',
    priority: 1,
    doc: 'Which pods are its own.',
    value: (object) => {
      const text = formatLabelSelector(selector(object));
      return text === '<none>' ? everything : text;
    },
  };
}
