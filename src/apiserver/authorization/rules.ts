/** What a rule of a role allows, and whether rights contain other rights. Pure. */
import type { PolicyRule } from '../../api/rbac/role.ts';
import type { Attributes } from '../access.ts';

export type Rule = PolicyRule;

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(value) || list.includes('*'));

/** `pods`, or `pods/log`. */
export function resourceOf({ resource, subresource }: NonNullable<Attributes['resource']>): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}

export function ruleAllows(rule: Rule, { verb, path, resource }: Attributes): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (resource === undefined) return pathAllowed(rule.nonResourceURLs, path);
  return (
    has(rule.apiGroups, resource.group) &&
    resourceAllowed(rule.resources, resourceOf(resource), resource.subresource) &&
    nameAllowed(rule.resourceNames, resource.name)
  );
}

function resourceAllowed(resources: readonly string[] | undefined, combined: string, subresource: string): boolean {
  if (has(resources, combined)) return true;
  return subresource !== '' && resources?.includes(`*/${subresource}`) === true;
}

function nameAllowed(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

export function pathAllowed(patterns: readonly string[] | undefined, path: string): boolean {
  return patterns?.some((pattern) => pathMatches(pattern, path)) === true;
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''));
}

/** What of `wanted` is not contained in `held`, split into single verbs and resources; empty when all is. */
export function missingRights(held: readonly Rule[], wanted: readonly Rule[]): readonly Rule[] {
  return wanted.flatMap(singleRules).filter((each) => !held.some((rule) => contains(rule, each)));
}

function singleRules({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: Rule): Rule[] {
  const names = resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ resourceNames: [name] }));
  const things: readonly Omit<Rule, 'verbs'>[] = [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) => names.map((name) => ({ apiGroups: [group], resources: [resource], ...name }))),
    ),
    ...nonResourceURLs.map((url) => ({ nonResourceURLs: [url] })),
  ];
  return things.flatMap((thing) => verbs.map((verb) => ({ verbs: [verb], ...thing })));
}

/** `single` names one verb and one thing. */
function contains(rule: Rule, single: Rule): boolean {
  const first = (list: readonly string[] | undefined): string => list?.[0] ?? '';
  if (!has(rule.verbs, first(single.verbs))) return false;
  if (single.nonResourceURLs !== undefined) return pathAllowed(rule.nonResourceURLs, first(single.nonResourceURLs));
  const resource = first(single.resources);
  const subresource = resource.split('/').slice(1).join('/');
  return (
    has(rule.apiGroups, first(single.apiGroups)) &&
    resourceAllowed(rule.resources, resource, subresource) &&
    nameAllowed(rule.resourceNames, first(single.resourceNames))
  );
}

/** Rules for the same single thing become one with all their verbs. */
export function compact(rules: readonly Rule[]): readonly Rule[] {
  const merged = new Map<string, Rule>();
  const rest: Rule[] = [];
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    const simple =
      apiGroups.length === 1 && resources.length === 1 && resourceNames.length <= 1 && nonResourceURLs.length === 0;
    if (!simple) {
      rest.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups[0], resources[0], resourceNames[0]]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? rule : { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] });
  }
  return [...rest, ...merged.values()];
}

export const quoted = (values: readonly string[]): string =>
  `[${values.map((each) => JSON.stringify(each)).join(' ')}]`;

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` */
export function describeRule(rule: Rule): string {
  const parts: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.flatMap(([name, values = []]) => (values.length === 0 ? [] : [`${name}:${quoted(values)}`]));
  return `{${shown.join(', ')}}`;
}
