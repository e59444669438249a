/** ResourceQuotas: what can be counted, and scopes that fit what is counted. */
import { invalid, required, type Fault } from '../../schema/fault.ts';
import { immutableText } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { ResourceQuotaSpec, ResourceQuotaStatus, ScopedResourceSelectorRequirement } from './resource-quota.ts';
import { amountFaults, entries, resourceNameFaults } from './validate-resources.ts';

interface QuotaLike {
  readonly spec?: Loose<ResourceQuotaSpec> | undefined;
  readonly status?: Loose<ResourceQuotaStatus> | undefined;
}

/** Counted per pod; the rest is counted per object of a kind. */
const perPod: ReadonlySet<string> = new Set(
  (
    'cpu memory ephemeral-storage requests.cpu requests.memory requests.ephemeral-storage ' +
    'limits.cpu limits.memory limits.ephemeral-storage pods'
  ).split(' '),
);
const perClaim: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'requests.storage']);
const countable: ReadonlySet<string> = new Set([
  ...perPod,
  ...perClaim,
  ...'services replicationcontrollers resourcequotas secrets configmaps services.nodeports services.loadbalancers'.split(
    ' ',
  ),
]);

const podScopes: ReadonlySet<string> = new Set(
  'Terminating NotTerminating BestEffort NotBestEffort PriorityClass CrossNamespacePodAffinity'.split(' '),
);
const existential: ReadonlySet<string> = new Set(
  'Terminating NotTerminating BestEffort NotBestEffort CrossNamespacePodAffinity'.split(' '),
);

const isCountable = (name: string): boolean => countable.has(name) || /^(?:requests\.)?hugepages-/u.test(name);

export function quotaFaults({ spec = {}, status }: QuotaLike): Fault[] {
  return [
    ...amountsFaults(spec.hard, 'spec.hard'),
    ...scopesFaults(spec),
    ...selectorFaults(spec),
    ...quotaStatusFaults({ status }),
  ];
}

export function quotaStatusFaults({ status }: QuotaLike): Fault[] {
  return [...amountsFaults(status?.hard, 'status.hard'), ...amountsFaults(status?.used, 'status.used')];
}

function amountsFaults(amounts: Loose<ResourceQuotaSpec>['hard'], path: string): Fault[] {
  return entries(amounts).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`;
    const odd = !name.includes('/') && !isCountable(name);
    return [
      ...resourceNameFaults(name, at),
      ...(odd ? [invalid(at, name, 'must be a standard resource for quota')] : []),
      ...amountFaults(name, amount, at),
    ];
  });
}

function fits(scope: string, resource: string): boolean {
  if (scope === 'VolumeAttributesClass') return perClaim.has(resource);
  if (scope === 'BestEffort') return resource === 'pods';
  return perPod.has(resource) || /^(?:requests\.)?hugepages-/u.test(resource);
}

const isScope = (scope: string): boolean => podScopes.has(scope) || scope === 'VolumeAttributesClass';

/** One fault for every resource that a scope has nothing to say about. */
function misfits(scope: string, spec: Loose<ResourceQuotaSpec>): readonly string[] {
  return Object.keys(spec.hard ?? {}).filter((name) => isCountable(name) && !fits(scope, name));
}

const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function conflictFaults(scopes: readonly (string | undefined)[], path: string, shown: unknown): Fault[] {
  return opposites
    .filter(([one, other]) => scopes.includes(one) && scopes.includes(other))
    .map(() => invalid(path, shown, 'conflicting scopes'));
}

function scopesFaults(spec: Loose<ResourceQuotaSpec>): Fault[] {
  const { scopes = [] } = spec;
  const path = 'spec.scopes';
  return [
    ...scopes.flatMap((scope) => [
      ...(isScope(scope ?? '') ? [] : [invalid(path, scopes, 'unsupported scope')]),
      ...misfits(scope ?? '', spec).map(() => invalid(path, scopes, 'unsupported scope applied to resource')),
    ]),
    ...conflictFaults(scopes, path, scopes),
  ];
}

function selectorFaults(spec: Loose<ResourceQuotaSpec>): Fault[] {
  const path = 'spec.scopeSelector.matchExpressions';
  const all = spec.scopeSelector?.matchExpressions ?? [];
  const names = all.map(({ scopeName }) => scopeName);
  return [
    ...all.flatMap((each) => [
      ...(isScope(each.scopeName ?? '')
        ? []
        : [invalid(`${path}.scopeName`, each.scopeName ?? '', 'unsupported scope')]),
      ...misfits(each.scopeName ?? '', spec).map(() =>
        invalid(path, spec.scopeSelector, 'unsupported scope applied to resource'),
      ),
      ...operatorFaults(each, path),
    ]),
    ...conflictFaults(names, path, spec.scopes ?? null),
  ];
}

function operatorFaults(each: Loose<ScopedResourceSelectorRequirement>, path: string): Fault[] {
  const { scopeName = '', operator, values = [] } = each;
  const exists =
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
    'ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
  const needsExists = existential.has(scopeName) && operator !== 'Exists';
  return [
    ...(needsExists ? [invalid(`${path}.operator`, operator ?? '', exists)] : []),
    ...valuesFaults(operator, values, path),
  ];
}

function valuesFaults(operator: string | undefined, values: readonly unknown[], path: string): Fault[] {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [required(at, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [invalid(at, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")];
    default:
      return [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

export function quotaUpdateFaults({ spec }: QuotaLike, old: QuotaLike): Fault[] {
  const [young, before] = [new Set(spec?.scopes), new Set(old.spec?.scopes)];
  if (young.symmetricDifference(before).size === 0) return [];
  return [invalid('spec.scopes', spec?.scopes ?? null, immutableText)];
}
