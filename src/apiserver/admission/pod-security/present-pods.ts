/** What a namespace's pods would say to a stricter level: one line for all that break the same rules. */
import type { Pod } from '../../../api/core/pod.ts';
import { quoted } from '../request.ts';
import { reasonsText, violationsOf } from './evaluate.ts';
import { textOf, type LeveledVersion } from './level.ts';

/** Upstream looks at this many. */
const mostPods = 3_000;

export function presentPodsWarnings(
  pods: readonly Pod[],
  namespace: string,
  enforce: LeveledVersion,
): readonly string[] {
  const chosen = onePerController(pods).slice(0, mostPods);
  const namesByReasons = new Map<string, string[]>();
  for (const { metadata, spec } of chosen) {
    const found = spec === undefined ? [] : violationsOf(enforce, metadata, spec);
    if (found.length === 0) continue;
    const reasons = reasonsText(found);
    namesByReasons.set(reasons, [...(namesByReasons.get(reasons) ?? []), metadata.name]);
  }
  const lines = [...namesByReasons].map(([reasons, names]) => `${nameText(names)}: ${reasons}`).toSorted();
  const cut = `new PodSecurity enforce level only checked against the first ${chosen.length} of ${pods.length} existing pods`;
  const head = `existing pods in namespace ${quoted(namespace)} violate the new PodSecurity enforce level ${quoted(textOf(enforce))}`;
  return [
    ...(chosen.length < pods.length && chosen.length === mostPods ? [cut] : []),
    ...(lines.length > 0 ? [head] : []),
    ...lines,
  ];
}

function nameText(names: readonly string[]): string {
  const [first = ''] = names.toSorted();
  const others = names.length - 1;
  if (others === 0) return first;
  return `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`;
}

/** Pods of different controllers first: those of one are alike. */
function onePerController(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const [first, rest]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    (owner !== undefined && seen.has(owner) ? rest : first).push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...rest];
}
