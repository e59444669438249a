/**
 * Puts the default roles and bindings in place at every start, in one transaction: what is missing is made,
 * rights and subjects that were taken away are given back, additions stay. Objects whose annotation
 * `rbac.authorization.kubernetes.io/autoupdate` says false are left alone.
 */
import { ClusterRoleBinding } from '../../../api/rbac/cluster-role-binding.ts';
import { ClusterRole } from '../../../api/rbac/cluster-role.ts';
import { RoleBinding, type Subject } from '../../../api/rbac/role-binding.ts';
import { Role } from '../../../api/rbac/role.ts';
import type { Draft, Kind, KubernetesObject } from '../../../api/kind.ts';
import { deepClone, deepEqual } from '../../../schema/freeze.ts';
import { ConflictError, type Entry, type Write } from '../../../store/store.ts';
import type { Registry, WriteContext } from '../../registry/context.ts';
import { recordWrite } from '../../registry/managed-fields.ts';
import { stampNew } from '../../registry/metadata.ts';
import { keyOf } from '../../registry/resources.ts';
import { metaOf, seal, type DraftObject } from '../../registry/snapshot.ts';
import { missingRights, type Rule } from '../rules.ts';
import { autoUpdate, type Policy } from './policy.ts';

const mostAttempts = 5;
const context: WriteContext = {
  user: { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  dryRun: false,
  fieldManager: 'kube-apiserver',
  userAgent: 'kube-apiserver',
  fieldValidation: 'Ignore',
  warn: () => {},
};

/** The names of what was written. */
export async function reconcilePolicy(registry: Registry, policy: Policy): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt += 1) {
    const writes = writesOf(registry, policy);
    if (writes.length === 0) return [];
    try {
      await registry.store.commit(writes);
      return writes.map(({ key }) => key);
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt >= mostAttempts) throw error;
    }
  }
}

function writesOf(registry: Registry, policy: Policy): readonly Write[] {
  const plan = <T extends KubernetesObject>(kind: Kind<T>, wanted: readonly Draft<T>[], correct: Correct): Write[] =>
    wanted.flatMap((each) => writeOf(registry, kind, deepClone(each) as DraftObject, correct));
  return [
    ...plan(ClusterRole, policy.clusterRoles, withRules),
    ...plan(ClusterRoleBinding, policy.clusterRoleBindings, withSubjects),
    ...plan(Role, policy.roles, withRules),
    ...plan(RoleBinding, policy.roleBindings, withSubjects),
  ];
}

/** What of the spec has to change, undefined when nothing has to; 'replace' when it can't be changed. */
type Correct = (present: DraftObject, wanted: DraftObject) => DraftObject | 'replace' | undefined;

function writeOf(registry: Registry, kind: Kind, wanted: DraftObject, correct: Correct): readonly Write[] {
  const resource = registry.resources.of(kind);
  const { name = '', namespace = '' } = metaOf(wanted);
  const key = keyOf(resource, namespace, name);
  const entry = registry.store.get(key);
  const target = { resource, namespace, name, subresource: '' };
  const put = (draft: DraftObject, old: Entry | undefined): Write => {
    recordWrite(registry, target, draft, old, context);
    return { type: 'put', key, ...seal(kind, draft), expect: entry?.revision ?? 'absent' };
  };
  if (entry !== undefined) {
    const present = entry.value as DraftObject;
    const { annotations = {}, labels = {} } = metaOf(present);
    if (annotations[autoUpdate] === 'false') return [];
    const metadata = {
      ...metaOf(present),
      labels: { ...metaOf(wanted).labels, ...labels },
      annotations: { ...metaOf(wanted).annotations, ...annotations },
    };
    const corrected = correct(present, wanted);
    if (corrected !== 'replace') {
      const next = { ...present, metadata, ...corrected };
      return deepEqual(next, present) ? [] : [put(deepClone(next), entry)];
    }
  }
  stampNew(registry, wanted, false);
  return [put(wanted, undefined)];
}

function withRules(present: DraftObject, wanted: DraftObject): DraftObject | undefined {
  const { aggregationRule } = wanted;
  if (aggregationRule !== undefined) {
    // The rules are the aggregation controller's.
    return present['aggregationRule'] === undefined ? { aggregationRule } : undefined;
  }
  const rules = (present['rules'] ?? []) as readonly Rule[];
  if (deepEqual(rules, wanted['rules'])) return undefined;
  const missing = (wanted['rules'] as readonly Rule[]).filter((rule) => missingRights(rules, [rule]).length > 0);
  return missing.length === 0 ? undefined : { rules: [...rules, ...missing] };
}

function withSubjects(present: DraftObject, wanted: DraftObject): DraftObject | 'replace' | undefined {
  if (!deepEqual(present['roleRef'], wanted['roleRef'])) return 'replace';
  const subjects = (present['subjects'] ?? []) as readonly Subject[];
  const missing = (wanted['subjects'] as readonly Subject[]).filter(
    (each) => !subjects.some((subject) => deepEqual(subject, each)),
  );
  return missing.length === 0 ? undefined : { subjects: [...subjects, ...missing] };
}
