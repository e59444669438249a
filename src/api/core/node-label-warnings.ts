/** Labels of nodes that have a successor, with upstream's words (pkg/api/node/util.go). */
import type { NodeSelectorTerm } from './affinity.ts';

const messages: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Of the labels, those that are deprecated, each with what to say about it. */
export function nodeLabelMessages(labels: readonly string[]): readonly (readonly [label: string, text: string])[] {
  return labels.flatMap((label) => {
    const text = messages.get(label);
    return text === undefined ? [] : [[label, text] as const];
  });
}

export function nodeSelectorTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string): string[] {
  return matchExpressions.flatMap(({ key }, at) =>
    nodeLabelMessages([key]).map(([label, text]) => `${path}.matchExpressions[${at}].key: ${label} is ${text}`),
  );
}
