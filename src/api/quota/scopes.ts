/** Which pods and claims a quota with scopes counts. */
import type { PersistentVolumeClaim } from '../core/persistent-volume-claim.ts';
import type { Pod } from '../core/pod.ts';
import { qosClassOf } from '../core/pod-qos.ts';
import type { ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../core/resource-quota.ts';

export type Requirement = ScopedResourceSelectorRequirement;

/** Bare scopes are requirements that the scope applies. */
export function requirementsOf({ scopes = [], scopeSelector }: ResourceQuotaSpec): readonly Requirement[] {
  const bare = scopes.map((scopeName): Requirement => ({ scopeName, operator: 'Exists' }));
  return [...bare, ...(scopeSelector?.matchExpressions ?? [])];
}

export function podMeets(requirement: Requirement, { spec }: Pod): boolean {
  if (spec === undefined) return false;
  switch (requirement.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return compares(requirement, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(spec);
    default:
      return false;
  }
}

export function claimMeets(requirement: Requirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '');
  if (names.length === 0) return compares(requirement, '');
  return names.some((name) => compares(requirement, name ?? ''));
}

/** Without a name only absence can be met. */
function compares({ operator, values = [] }: Requirement, name: string): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    case 'NotIn':
      return !values.includes(name);
    default:
      return false;
  }
}

interface Term {
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: object;
}

function reachesOtherNamespaces({ affinity }: NonNullable<Pod['spec']>): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((each) => {
    const required: readonly Term[] = each?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = (each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }): Term => podAffinityTerm,
    );
    return [...required, ...preferred].some(
      ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
    );
  });
}
