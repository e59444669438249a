/** Labels of nodes that have a successor: whoever selects by them is told so. */
import { checkLabelValue } from '../../../schema/names.ts';
import type { Loose } from '../../rules/loose.ts';
import type { NodeSelectorTerm } from '../affinity.ts';

const advice: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What to say about a label; undefined when it is in use. */
export function deprecatedNodeLabel(key: string | undefined): string | undefined {
  return key !== undefined && Object.hasOwn(advice, key) ? advice[key] : undefined;
}

/** About the keys of a map of labels. */
export function labelKeyWarnings(
  labels: Readonly<Record<string, unknown>> | undefined,
  pathOf: (key: string) => string,
): string[] {
  return Object.keys(labels ?? {}).flatMap((key) => {
    const said = deprecatedNodeLabel(key);
    return said === undefined ? [] : [`${pathOf(key)}: ${said}`];
  });
}

/**
 * About one term of a node selector. `preferred`: the values are looked at as well, since only those of required
 * terms are validated.
 */
export function nodeSelectorTermWarnings(path: string, term: Loose<NodeSelectorTerm>, preferred = false): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values }, index) => {
    const own = `${path}.matchExpressions[${index}]`;
    return [
      ...labelInUseWarnings(`${own}.key`, key),
      ...(preferred ? valueWarnings(`${own}.values`, values ?? []) : []),
    ];
  });
}

/** About a field whose value is a label's key. */
export function labelInUseWarnings(path: string, key: string | undefined): string[] {
  const said = deprecatedNodeLabel(key);
  return said === undefined ? [] : [`${path}: ${key} is ${said}`];
}

function valueWarnings(path: string, values: readonly string[]): string[] {
  return values.flatMap((value, index) =>
    checkLabelValue(value).map((complaint) => `${path}[${index}]: ${value} is invalid, ${complaint}`),
  );
}
