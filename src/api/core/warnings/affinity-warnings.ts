/** Affinity and spreading that select nothing, or by labels that have a successor. */
import type { Loose } from '../../rules/loose.ts';
import type { Affinity, PodAffinity, PodAntiAffinity, TopologySpreadConstraint } from '../affinity.ts';
import { labelInUseWarnings, nodeSelectorTermWarnings } from './node-labels.ts';

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

export function affinityWarnings(path: string, affinity: Loose<Affinity> | undefined): string[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const terms = nodeAffinity?.[required]?.nodeSelectorTerms ?? [];
  const wishes = nodeAffinity?.[preferred] ?? [];
  return [
    ...terms.flatMap((term, at) =>
      nodeSelectorTermWarnings(`${path}.nodeAffinity.${required}.nodeSelectorTerms[${at}]`, term),
    ),
    ...wishes.flatMap(({ preference = {} }, at) =>
      nodeSelectorTermWarnings(`${path}.nodeAffinity.${preferred}[${at}].preference`, preference, true),
    ),
    ...podAffinityWarnings(`${path}.podAffinity`, podAffinity),
    ...podAffinityWarnings(`${path}.podAntiAffinity`, podAntiAffinity),
  ];
}

function podAffinityWarnings(path: string, affinity: Loose<PodAffinity | PodAntiAffinity> | undefined): string[] {
  return [
    ...(affinity?.[required] ?? []).flatMap((term, at) => selectorWarnings(`${path}.${required}[${at}]`, term)),
    ...(affinity?.[preferred] ?? []).flatMap(({ podAffinityTerm = {} }, at) =>
      selectorWarnings(`${path}.${preferred}[${at}].podAffinityTerm`, podAffinityTerm),
    ),
  ];
}

export function spreadWarnings(
  path: string,
  constraints: readonly Loose<TopologySpreadConstraint>[] | undefined,
): string[] {
  return (constraints ?? []).flatMap((constraint, at) => [
    ...labelInUseWarnings(`${path}[${at}].topologyKey`, constraint.topologyKey),
    ...selectorWarnings(`${path}[${at}]`, constraint),
  ]);
}

const selectorWarnings = (path: string, { labelSelector }: { readonly labelSelector?: unknown }): string[] =>
  labelSelector === undefined ? [`${path}.labelSelector: a null labelSelector results in matching no pod`] : [];
