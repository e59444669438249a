/** Checks and the text form of metav1.LabelSelector. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkLabelValue, checkQualifiedName } from '../../schema/names.ts';
import { formatSelector, SelectorError, selectorOf } from '../../schema/selector.ts';
import type { Loose } from './loose.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../meta/label-selector.ts';

/** A map of labels, such as a selector's matchLabels or a node selector. */
export function labelFaults(labels: Loose<Record<string, string>> | undefined, path: string): Fault[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...checkQualifiedName(key).map((text) => invalid(path, key, text)),
    ...checkLabelValue(value ?? '').map((text) => invalid(path, value, text)),
  ]);
}

export interface LabelSelectorOptions {
  /** The stored object already has a label value that would be refused today; do not complain of values. */
  readonly allowInvalidValues?: boolean;
}

export function labelSelectorFaults(
  selector: Loose<LabelSelector> | undefined,
  path: string,
  options: LabelSelectorOptions = {},
): Fault[] {
  if (selector === undefined) return [];
  return [
    ...labelFaults(selector.matchLabels, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((each, index) =>
      requirementFaults(each, `${path}.matchExpressions[${index}]`, options),
    ),
  ];
}

function requirementFaults(
  requirement: Loose<LabelSelectorRequirement>,
  path: string,
  options: LabelSelectorOptions,
): Fault[] {
  const values = requirement.values ?? [];
  return [
    ...operatorFaults(requirement.operator ?? '', values.length, path),
    ...checkQualifiedName(requirement.key ?? '').map((text) => invalid(`${path}.key`, requirement.key ?? '', text)),
    ...(options.allowInvalidValues === true
      ? []
      : values.flatMap((value, index) =>
          checkLabelValue(value ?? '').map((text) => invalid(`${path}.values[${index}]`, value, text)),
        )),
  ];
}

function operatorFaults(operator: string, valueCount: number, path: string): Fault[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (valueCount > 0) return [];
      return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (valueCount === 0) return [];
      return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

/** `app=web,tier in (a,b)`, as tables print it; `<none>` when it selects everything, `<error>` when it is broken. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) return '<none>';
  try {
    return formatSelector(selectorOf(selector)) || '<none>';
  } catch (error) {
    if (error instanceof SelectorError) return '<error>';
    throw error;
  }
}
