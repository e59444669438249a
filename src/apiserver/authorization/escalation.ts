/**
 * Nobody gives rights that they do not have: whoever writes a role or a binding must hold all that it gives,
 * or have the verb `escalate` (for roles) or `bind` (for bindings).
 */
import { ClusterRoleBinding } from '../../api/rbac/cluster-role-binding.ts';
import { ClusterRole } from '../../api/rbac/cluster-role.ts';
import { RoleBinding, type RoleRef } from '../../api/rbac/role-binding.ts';
import { rbacGroup, Role } from '../../api/rbac/role.ts';
import type { Kind } from '../../api/kind.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, UserInfo } from '../access.ts';
import { forbidden, StatusError } from '../errors.ts';
import { missingRole, type RoleBasedAccess } from './rbac.ts';
import { compact, describeRule, missingRights, quoted, type Rule } from './rules.ts';

const roleKinds: readonly Kind[] = [Role, ClusterRole];
const bindingKinds: readonly Kind[] = [RoleBinding, ClusterRoleBinding];
const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Must be the last of the plugins: it judges what is going to be stored. */
export function escalationCheck(access: RoleBasedAccess, authorizer: Authorizer): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, resource: string, name: string): Promise<boolean> => {
    const { user, namespace } = request;
    const asked = { group: rbacGroup, version: 'v1', resource, subresource: '', namespace, name };
    return (await authorizer.authorize({ user, verb, path: '', resource: asked })).verdict === 'allow';
  };
  return {
    name: 'RBACEscalation',
    handles: ({ operation, kind }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      [...roleKinds, ...bindingKinds].some((each) => same(each, kind)),
    async admit(request) {
      const { user, kind, object } = request;
      if (object === undefined || user.groups.includes('system:masters') || onlyCollected(request)) return;
      if (roleKinds.some((each) => same(each, kind))) await checkRole(request, object);
      else await checkBinding(request, object);
    },
  };

  async function checkRole(request: AdmissionRequest, role: Readonly<Record<string, unknown>>): Promise<void> {
    if (await may(request, 'escalate', request.kind.plural, request.name)) return;
    const { aggregationRule, rules } = role as { aggregationRule?: object; rules?: readonly Rule[] };
    if (request.kind.kind === 'ClusterRole' && aggregationRule !== undefined) {
      if (missingFor(request.user, request.namespace, everything) !== undefined) {
        throw refused(request, 'must have cluster-admin privileges to use an aggregationRule');
      }
    }
    const missing = missingFor(request.user, request.namespace, rules ?? []);
    if (missing !== undefined) throw refused(request, missing);
  }

  async function checkBinding(request: AdmissionRequest, binding: Readonly<Record<string, unknown>>): Promise<void> {
    const roleRef = binding['roleRef'] as RoleRef | undefined;
    if (roleRef === undefined) return;
    const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    if (await may(request, 'bind', plural, roleRef.name)) return;
    const rules = access.rulesOf(roleRef, request.namespace);
    if (rules === undefined) {
      throw new StatusError(404, 'NotFound', missingRole(roleRef), {
        name: roleRef.name,
        group: rbacGroup,
        kind: roleRef.kind.toLowerCase(),
      });
    }
    const missing = missingFor(request.user, request.namespace, rules);
    if (missing !== undefined) throw refused(request, missing);
  }

  /** Undefined when the user holds all of them; otherwise what upstream says. */
  function missingFor(user: UserInfo, namespace: string, wanted: readonly Rule[]): string | undefined {
    const held = access.rulesFor(user, namespace);
    const missing = missingRights(held.rules, wanted);
    if (missing.length === 0) return undefined;
    const lines = [...new Set(compact(missing).map(describeRule))].sort();
    const errors = held.errors.length === 0 ? '' : `; resolution errors: [${held.errors.join(' ')}]`;
    return (
      `user ${JSON.stringify(user.username)} (groups=${quoted(user.groups)}) ` +
      `is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${errors}`
    );
  }
}

const same = (a: Kind, b: Kind): boolean => a.group === b.group && a.kind === b.kind;

function refused({ kind, name }: AdmissionRequest, why: string): StatusError {
  return forbidden({ group: kind.group, resource: kind.plural }, name, why);
}

/** The garbage collector changes owners and finalizers only: that gives nobody any rights. */
function onlyCollected({ old, object }: AdmissionRequest): boolean {
  if (old === undefined) return false;
  const bare = (value: object): object => {
    const { metadata, kind: _kind, apiVersion: _version, ...rest } = value as Record<string, unknown>;
    const {
      ownerReferences: _o,
      finalizers: _f,
      managedFields: _m,
      resourceVersion: _r,
      selfLink: _s,
      ...meta
    } = (metadata ?? {}) as Record<string, unknown>;
    return { ...rest, metadata: meta };
  };
  return deepEqual(bare(old), bare(object ?? {}));
}
