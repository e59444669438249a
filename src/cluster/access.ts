/** Who may do what in a cluster, put together: RBAC and the node authoriser over the store, and component identities. */
import type { AdmissionPlugin, Authorizer, ObjectReader, UserInfo } from '../apiserver/access.ts';
import { administrators, firstOpinion } from '../apiserver/authorization/basic.ts';
import { escalationCheck } from '../apiserver/authorization/escalation.ts';
import { NodePods } from '../apiserver/authorization/node-pods.ts';
import { nodeAuthorizer } from '../apiserver/authorization/node.ts';
import { roleBasedAccess } from '../apiserver/authorization/rbac.ts';
import { RoleIndex } from '../apiserver/authorization/role-index.ts';
import type { Store } from '../store/store.ts';

export interface Access {
  readonly authorizer: Authorizer;
  /** To be the last of the admission plugins. */
  readonly escalation: AdmissionPlugin;
}

export function createAccess({ store, reader }: { readonly store: Store; readonly reader: ObjectReader }): Access {
  const roles = roleBasedAccess(new RoleIndex(store));
  const nodes = nodeAuthorizer({ pods: new NodePods(store), reader });
  const authorizer = firstOpinion([administrators, nodes, roles]);
  return { authorizer, escalation: escalationCheck(roles, authorizer) };
}

/** The API server itself, for what it does on nobody's behalf. */
export const apiServerIdentity: UserInfo = component('system:apiserver', 'system:masters');

/** A component of the control plane, such as `kube-scheduler`. */
export function componentIdentity(name: string): UserInfo {
  return component(`system:${name}`);
}

/** Controllers run as service accounts, each with a cluster role of its own. */
export function controllerIdentity(name: string): UserInfo {
  return component(
    `system:serviceaccount:kube-system:${name}`,
    'system:serviceaccounts',
    'system:serviceaccounts:kube-system',
  );
}

function component(username: string, ...groups: readonly string[]): UserInfo {
  return { username, groups: [...groups, 'system:authenticated'] };
}
