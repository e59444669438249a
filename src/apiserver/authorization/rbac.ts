/**
 * Role-based access control. Per scope and subject, the rules that were given are arranged by the resource
 * that they are about, the first time that somebody asks after a change; a decision is then a few look-ups.
 */
import type { Attributes, Authorizer, Decision, UserInfo } from '../access.ts';
import { subjectsOf, type Grant, type RoleIndex } from './role-index.ts';
import { resourceOf, ruleAllows, type Rule } from './rules.ts';

export interface Rules {
  readonly rules: readonly Rule[];
  /** Roles that are given and do not exist. */
  readonly errors: readonly string[];
}

export interface RoleBasedAccess extends Authorizer {
  authorize(attributes: Attributes): Decision;
  /** All that a user may do in a namespace ('': in the whole cluster). */
  rulesFor(user: UserInfo, namespace: string): Rules;
  /** Undefined when there is no such role. */
  rulesOf(roleRef: Grant['roleRef'], namespace: string): readonly Rule[] | undefined;
}

interface GrantedRule {
  readonly rule: Rule;
  readonly grant: Grant;
}

/** What one subject has in one scope. */
interface Holding {
  /** By `resource`, or by `resource` and name for rules about certain objects. */
  readonly byResource: ReadonlyMap<string, readonly GrantedRule[]>;
  readonly paths: readonly GrantedRule[];
  readonly errors: readonly string[];
}

/** Scopes and subjects whose rules stay arranged; all are forgotten when there are more. */
const mostHoldings = 10_000;
const noDecision: Decision = Object.freeze({ verdict: 'no-opinion', reason: '' });

export function roleBasedAccess(index: RoleIndex): RoleBasedAccess {
  const scopes = new Map<string, Map<string, Holding>>();
  let size = 0;
  let generation = -1;

  const refresh = (): void => {
    const present = index.generation;
    if (present === generation && size < mostHoldings) return;
    generation = present;
    scopes.clear();
    size = 0;
  };
  const holdingOf = (scope: string, subject: string): Holding => {
    let bySubject = scopes.get(scope);
    if (bySubject === undefined) scopes.set(scope, (bySubject = new Map()));
    let holding = bySubject.get(subject);
    if (holding === undefined) {
      bySubject.set(subject, (holding = arrange(index, scope, subject)));
      size += 1;
    }
    return holding;
  };
  const findIn = (scope: string, subjects: readonly string[], attributes: Attributes): GrantedRule | undefined => {
    for (const subject of subjects) {
      const found = find(holdingOf(scope, subject), attributes);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  return {
    authorize(attributes) {
      refresh();
      const subjects = subjectsOf(attributes.user);
      const namespace = attributes.resource?.namespace ?? '';
      const found =
        findIn('', subjects, attributes) ?? (namespace === '' ? undefined : findIn(namespace, subjects, attributes));
      if (found !== undefined) return { verdict: 'allow', reason: `RBAC: allowed by ${describeGrant(found.grant)}` };
      const errors = new Set<string>();
      for (const scope of namespace === '' ? [''] : ['', namespace]) {
        for (const subject of subjects) for (const error of holdingOf(scope, subject).errors) errors.add(error);
      }
      return errors.size === 0 ? noDecision : { verdict: 'no-opinion', reason: `RBAC: ${listed([...errors])}` };
    },
    rulesFor(user, namespace) {
      refresh();
      const rules: Rule[] = [];
      const errors = new Set<string>();
      for (const scope of namespace === '' ? [''] : ['', namespace]) {
        for (const grant of grantsOf(index, user, scope)) {
          const given = index.rules(grant.roleRef, grant.namespace);
          if (given === undefined) errors.add(missingRole(grant.roleRef));
          else rules.push(...given);
        }
      }
      return { rules, errors: [...errors] };
    },
    rulesOf(roleRef, namespace) {
      refresh();
      return index.rules(roleRef, namespace);
    },
  };
}

function* grantsOf(index: RoleIndex, user: UserInfo, scope: string): Iterable<Grant> {
  for (const subject of subjectsOf(user)) yield* index.grants(scope, subject);
}

function arrange(index: RoleIndex, namespace: string, subject: string): Holding {
  const byResource = new Map<string, GrantedRule[]>();
  const paths: GrantedRule[] = [];
  const errors: string[] = [];
  for (const grant of index.grants(namespace, subject)) {
    const rules = index.rules(grant.roleRef, grant.namespace);
    if (rules === undefined) errors.push(missingRole(grant.roleRef));
    for (const rule of rules ?? []) {
      for (const key of keysOf(rule)) {
        const known = byResource.get(key);
        if (known === undefined) byResource.set(key, [{ rule, grant }]);
        else known.push({ rule, grant });
      }
      // Paths are of the whole cluster: a binding in a namespace does not give them.
      if (rule.nonResourceURLs !== undefined && namespace === '') paths.push({ rule, grant });
    }
  }
  return { byResource, paths, errors };
}

function keysOf({ resources = [], resourceNames = [] }: Rule): readonly string[] {
  if (resourceNames.length === 0) return resources;
  return resources.flatMap((resource) => resourceNames.map((name) => `${resource} ${name}`));
}

function find({ byResource, paths }: Holding, attributes: Attributes): GrantedRule | undefined {
  const { resource } = attributes;
  if (resource === undefined) return paths.find(({ rule }) => ruleAllows(rule, attributes));
  if (byResource.size === 0) return undefined;
  const look = (key: string): GrantedRule | undefined =>
    byResource.get(key)?.find(({ rule }) => ruleAllows(rule, attributes)) ??
    byResource.get(`${key} ${resource.name}`)?.find(({ rule }) => ruleAllows(rule, attributes));
  return (
    look(resourceOf(resource)) ??
    (resource.subresource === '' ? undefined : look(`*/${resource.subresource}`)) ??
    look('*')
  );
}

/** As upstream says it of a role that a binding names in vain. */
export function missingRole({ kind, name }: Grant['roleRef']): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`;
}

function describeGrant({ kind, name, namespace, roleRef, subject }: Grant): string {
  const binding = namespace === '' ? name : `${name}/${namespace}`;
  const home = subject.kind === 'ServiceAccount' ? (subject.namespace ?? namespace) : '';
  const who = home === '' ? subject.name : `${subject.name}/${home}`;
  const quotedNames = [binding, roleRef.name, who].map((each) => JSON.stringify(each));
  return `${kind} ${quotedNames[0]} of ${roleRef.kind} ${quotedNames[1]} to ${subject.kind} ${quotedNames[2]}`;
}

/** Several errors stand in brackets. */
export function listed(errors: readonly string[]): string {
  const [only = ''] = errors;
  return errors.length === 1 ? only : `[${errors.join(', ')}]`;
}
