/**
 * Roles and bindings, arranged by whom they are given to. Brought up to date from the store before every
 * question, so that what has been written counts at once.
 */
import type { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { type RoleBinding, type RoleRef, type Subject } from '../../api/rbac/role-binding.ts';
import { rbacGroup, type Role } from '../../api/rbac/role.ts';
import type { Change, Reader, Watch } from '../../store/store.ts';
import type { UserInfo } from '../access.ts';
import type { Rule } from './rules.ts';

const prefix = `${rbacGroup}/`;

/** A role that is given to a subject: in a namespace, or everywhere. */
export interface Grant {
  readonly kind: 'ClusterRoleBinding' | 'RoleBinding';
  readonly name: string;
  /** '' for cluster role bindings. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subject: Subject;
}

type Binding = Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>;

export class RoleIndex {
  readonly #reader: Reader;
  #watch: Watch | undefined;
  /** Rules by the store's key of their role. */
  readonly #rules = new Map<string, readonly Rule[]>();
  /** By namespace ('' is the whole cluster), then by subject, then by binding. */
  readonly #grants = new Map<string, Map<string, Map<string, Grant>>>();
  #generation = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Grows with every change; brings the index up to date. */
  get generation(): number {
    this.#update();
    return this.#generation;
  }

  /** What a subject (see subjectsOf) has been given in the namespace, or in the whole cluster for ''. */
  grants(namespace: string, subject: string): Iterable<Grant> {
    return this.#grants.get(namespace)?.get(subject)?.values() ?? [];
  }

  /** The rules of a role, undefined when there is no such role. */
  rules({ kind, name }: RoleRef, namespace: string): readonly Rule[] | undefined {
    return this.#rules.get(kind === 'Role' ? `${prefix}roles/${namespace}/${name}` : `${prefix}clusterroles/${name}`);
  }

  #update(): void {
    if (this.#watch !== undefined && !this.#watch.ended && this.#watch.error === undefined) {
      if (this.#watch.size > 0) for (const change of this.#watch.drain()) this.#apply(change);
      return;
    }
    this.#watch?.close();
    this.#rules.clear();
    this.#grants.clear();
    const { entries, revision } = this.#reader.range(prefix);
    for (const { key, value } of entries) this.#put(key, value);
    this.#generation += 1;
    this.#watch = this.#reader.watch(prefix, revision);
  }

  #apply({ type, key, entry, previous }: Change): void {
    this.#generation += 1;
    if (type === 'delete') this.#remove(key, entry.value);
    else {
      if (previous !== undefined) this.#remove(key, previous.value);
      this.#put(key, entry.value);
    }
  }

  #put(key: string, value: object): void {
    if (!isBinding(key)) {
      this.#rules.set(key, (value as Role | ClusterRole).rules ?? []);
      return;
    }
    const binding = value as Binding;
    const { name, namespace = '' } = binding.metadata;
    const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
    const scope = getOrSet(this.#grants, namespace, () => new Map<string, Map<string, Grant>>());
    for (const subject of binding.subjects ?? []) {
      const subjectKey = keyOfSubject(subject, namespace);
      if (subjectKey === undefined) continue;
      const bindings = getOrSet(scope, subjectKey, () => new Map<string, Grant>());
      bindings.set(key, { kind, name, namespace, roleRef: binding.roleRef, subject });
    }
  }

  #remove(key: string, value: object): void {
    if (!isBinding(key)) {
      this.#rules.delete(key);
      return;
    }
    const { metadata, subjects = [] } = value as Binding;
    const { namespace = '' } = metadata;
    const scope = this.#grants.get(namespace);
    if (scope === undefined) return;
    for (const subject of subjects) {
      const subjectKey = keyOfSubject(subject, namespace) ?? '';
      const bindings = scope.get(subjectKey);
      bindings?.delete(key);
      if (bindings?.size === 0) scope.delete(subjectKey);
    }
    if (scope.size === 0) this.#grants.delete(namespace);
  }
}

const isBinding = (key: string): boolean =>
  key.startsWith(`${prefix}clusterrolebindings/`) || key.startsWith(`${prefix}rolebindings/`);

function keyOfSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User') return `user ${name}`;
  if (kind === 'Group') return `group ${name}`;
  const home = namespace === undefined || namespace === '' ? bindingNamespace : namespace;
  return kind === 'ServiceAccount' && home !== '' ? `user system:serviceaccount:${home}:${name}` : undefined;
}

/** Under which subjects roles may have been given to this user. */
export function subjectsOf({ username, groups }: UserInfo): readonly string[] {
  return [`user ${username}`, ...groups.map((group) => `group ${group}`)];
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
