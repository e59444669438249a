/** Where a pod may run: node selectors, affinity to pods, spreading, tolerations. */
import { duplicate, forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkLabelValue } from '../../schema/names.ts';
import { complaintFaults, dnsLabelFaults, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from './affinity.ts';
import type { Toleration } from './taint.ts';
import type { LabelSelector } from '../meta/label-selector.ts';

export function affinityFaults(affinity: Loose<Affinity> | undefined, path: string): Fault[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const hard = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const soft = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  const preferred = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`;
  return [
    ...(hard === undefined
      ? []
      : nodeSelectorFaults(hard, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`)),
    ...(soft ?? []).flatMap(({ weight, preference }, index) => [
      ...weightFaults(weight ?? 0, `${preferred}[${index}].weight`),
      ...nodeTermFaults(preference ?? {}, `${preferred}[${index}].preference`, false),
    ]),
    ...podAffinityFaults(podAffinity, `${path}.podAffinity`),
    ...podAffinityFaults(podAntiAffinity, `${path}.podAntiAffinity`),
  ];
}

function weightFaults(weight: number, path: string): Fault[] {
  return weight < 1 || weight > 100 ? [invalid(path, weight, 'must be in the range 1-100')] : [];
}

export function nodeSelectorFaults(selector: Loose<NodeSelector>, path: string): Fault[] {
  const terms = selector.nodeSelectorTerms ?? [];
  const at = `${path}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => nodeTermFaults(term, `${at}[${index}]`, true));
}

/** Preferences may name labels that no node could have; requirements may not. */
function nodeTermFaults(term: Loose<NodeSelectorTerm>, path: string, checkValues: boolean): Fault[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((each, index) =>
      nodeRequirementFaults(each, `${path}.matchExpressions[${index}]`, checkValues),
    ),
    ...(term.matchFields ?? []).flatMap((each, index) => nodeFieldFaults(each, `${path}.matchFields[${index}]`)),
  ];
}

type Requirement = Loose<NodeSelectorRequirement>;

function nodeRequirementFaults(requirement: Requirement, path: string, checkValues: boolean): Fault[] {
  const values = requirement.values ?? [];
  return [
    ...nodeOperatorFaults(requirement.operator, values.length, path),
    ...labelNameFaults(`${path}.key`, requirement.key ?? ''),
    ...(checkValues
      ? values.flatMap((value, index) =>
          complaintFaults(`${path}.values[${index}]`, value, checkLabelValue(value ?? '')),
        )
      : []),
  ];
}

function nodeOperatorFaults(operator: string | undefined, count: number, path: string): Fault[] {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0 ? [] : [required(at, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return count === 0 ? [] : [forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return count === 1 ? [] : [required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

/** Of a node's fields, only its name can be selected. */
function nodeFieldFaults({ key = '', operator, values = [] }: Requirement, path: string): Fault[] {
  const single = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
  const isIn = operator === 'In' || operator === 'NotIn';
  return [
    ...(isIn && values.length !== 1 ? [required(`${path}.values`, single)] : []),
    ...(isIn ? [] : [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')]),
    ...(key === 'metadata.name'
      ? values.flatMap((value, index) => subdomainFaults(`${path}.values[${index}]`, value ?? ''))
      : [invalid(`${path}.key`, key, 'not a valid field selector key')]),
  ];
}

function podAffinityFaults(affinity: Loose<PodAffinity> | undefined, path: string): Fault[] {
  const preferred = `${path}.preferredDuringSchedulingIgnoredDuringExecution`;
  return [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
      podTermFaults(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
      ({ weight, podAffinityTerm }, index) => [
        ...weightFaults(weight ?? 0, `${preferred}[${index}].weight`),
        ...podTermFaults(podAffinityTerm ?? {}, `${preferred}[${index}].podAffinityTerm`),
      ],
    ),
  ];
}

function podTermFaults(term: Loose<PodAffinityTerm>, path: string): Fault[] {
  const key = term.topologyKey ?? '';
  return [
    ...labelSelectorFaults(term.labelSelector, `${path}.labelSelector`),
    ...labelSelectorFaults(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => dnsLabelFaults(`${path}.namespace`, name ?? '')),
    ...labelKeyFaults(term, path),
    ...(key === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...labelNameFaults(`${path}.topologyKey`, key),
  ];
}

function labelKeyFaults(term: Loose<PodAffinityTerm>, path: string): Fault[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  return [
    ...keysWithSelectorFaults(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...keysWithSelectorFaults(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
    ...repeatedExpressionFaults(matchLabelKeys, labelSelector, path),
    ...matchLabelKeys.flatMap((key, index) =>
      mismatchLabelKeys.includes(key)
        ? [invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys')]
        : [],
    ),
  ];
}

type Keys = readonly (string | undefined)[];

function keysWithSelectorFaults(keys: Keys, selector: Loose<LabelSelector> | undefined, path: string): Fault[] {
  if (keys.length === 0) return [];
  if (selector === undefined) return [forbidden(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, index) => labelNameFaults(`${path}[${index}]`, key ?? ''));
}

/** The server itself adds one expression per key, so only a second one is the client's. */
function repeatedExpressionFaults(keys: Keys, selector: Loose<LabelSelector> | undefined, path: string): Fault[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  return (selector?.matchExpressions ?? []).flatMap(({ key = '' }) => {
    const index = keys.indexOf(key);
    const again = index >= 0 && seen.has(key);
    seen.add(key);
    return again ? [invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')] : [];
  });
}

export function spreadFaults(
  constraints: readonly Loose<TopologySpreadConstraint>[] | undefined,
  path: string,
): Fault[] {
  const all = constraints ?? [];
  return all.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '' } = constraint;
    const whenUnsatisfiable: string = constraint.whenUnsatisfiable ?? '';
    const again = all
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    return [
      ...(maxSkew <= 0 ? [invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')] : []),
      ...(topologyKey === '' ? [required(`${at}.topologyKey`, 'can not be empty')] : []),
      ...(again ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
      ...minDomainsFaults(constraint.minDomains, whenUnsatisfiable, `${at}.minDomains`),
      ...spreadKeyFaults(constraint, `${at}.matchLabelKeys`),
      ...labelSelectorFaults(constraint.labelSelector, `${at}.labelSelector`),
    ];
  });
}

function minDomainsFaults(count: number | undefined, action: string, path: string): Fault[] {
  if (count === undefined) return [];
  const rule = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
  return [
    ...(count <= 0 ? [invalid(path, count, 'must be greater than zero')] : []),
    ...(action === 'DoNotSchedule' ? [] : [invalid(path, count, rule)]),
  ];
}

function spreadKeyFaults(
  { matchLabelKeys = [], labelSelector }: Loose<TopologySpreadConstraint>,
  path: string,
): Fault[] {
  const expressions = labelSelector?.matchExpressions ?? [];
  // The server itself writes one expression per key into a pod's selector: In, with the pod's own value.
  const written = (key: string): boolean => {
    const [first, ...more] = expressions.filter((each) => each.key === key);
    return more.length === 0 && first?.operator === 'In' && first.values?.length === 1;
  };
  const keys = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...expressions.flatMap(({ key = '' }) => (written(key) ? [] : [key])),
  ]);
  return [
    ...keysWithSelectorFaults(matchLabelKeys, labelSelector, path),
    ...matchLabelKeys.flatMap((key, index) =>
      keys.has(key ?? '') ? [invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')] : [],
    ),
  ];
}

export function tolerationFaults(tolerations: readonly Loose<Toleration>[] | undefined, path: string): Fault[] {
  return (tolerations ?? []).flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key = '', value = '' } = toleration;
    const operator: string = toleration.operator ?? '';
    const effect: string = toleration.effect ?? '';
    const everyKey = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    const timed = toleration.tolerationSeconds !== undefined && effect !== 'NoExecute';
    return [
      ...(key === '' ? [] : labelNameFaults(`${at}.key`, key)),
      ...(key === '' && operator !== 'Exists' ? [invalid(`${at}.operator`, operator, everyKey)] : []),
      ...(timed ? [invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")] : []),
      ...tolerationValueFaults(operator, value, `${at}.operator`),
    ];
  });
}

function tolerationValueFaults(operator: string, value: string, path: string): Fault[] {
  if (operator === 'Exists') {
    return value === '' ? [] : [invalid(path, value, "value must be empty when `operator` is 'Exists'")];
  }
  if (operator !== '' && operator !== 'Equal') return [];
  const complaints = checkLabelValue(value);
  return complaints.length === 0 ? [] : [invalid(path, value, complaints.join(';'))];
}
