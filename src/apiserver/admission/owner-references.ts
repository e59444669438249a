/**
 * OwnerReferencesPermissionEnforcement: who hangs an object onto owners must be allowed to delete it, and who
 * makes owners wait for it must be allowed to change their finalizers.
 *
 * Messages: plugin/pkg/admission/gc/gc_admission.go.
 */
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Attributes, Authorizer } from '../access.ts';
import { quoted, refuse } from './request.ts';

/** `find`: the kind of an owner, if it is served. */
export function ownerReferencesPermission(
  authorizer: Authorizer,
  find: (apiVersion: string, kind: string) => Kind | undefined,
): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: ({ operation, kind, subresource }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      // Kubelets write pods' status without the right to delete pods.
      !(kind.group === '' && kind.kind === 'Pod' && subresource === 'status'),
    async validate(request) {
      const young = ownersOf(request.object);
      const old = ownersOf(request.old);
      if (deepEqual(young, old)) return;
      const { reason, allowed } = await mayDelete(authorizer, request);
      if (!allowed) throw refuse(request, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
      for (const owner of newlyBlocking(young, old)) await checkBlocking(authorizer, request, owner, find);
    },
  };
}

function ownersOf(object: unknown): readonly OwnerReference[] {
  return (object as Partial<KubernetesObject> | undefined)?.metadata?.ownerReferences ?? [];
}

function newlyBlocking(young: readonly OwnerReference[], old: readonly OwnerReference[]): readonly OwnerReference[] {
  const blocking = (owners: readonly OwnerReference[]): readonly OwnerReference[] =>
    owners.filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true);
  const before = new Set(blocking(old).map(({ uid }) => uid));
  return blocking(young).filter(({ uid }) => !before.has(uid));
}

type Asked = NonNullable<Attributes['resource']>;

async function isAllowed(
  authorizer: Authorizer,
  { user }: AdmissionRequest,
  verb: string,
  resource: Asked,
): Promise<{ readonly allowed: boolean; readonly reason: string }> {
  const { verdict, reason } = await authorizer.authorize({ user, verb, path: '', resource });
  return { allowed: verdict === 'allow', reason };
}

function mayDelete(authorizer: Authorizer, request: AdmissionRequest): ReturnType<typeof isAllowed> {
  const { kind, namespace } = request;
  // The name of what is being created says nothing about rights.
  const name = request.operation === 'CREATE' ? '' : request.name;
  const at = { group: kind.group, version: kind.version, resource: kind.plural, subresource: '', namespace, name };
  return isAllowed(authorizer, request, 'delete', at);
}

async function checkBlocking(
  authorizer: Authorizer,
  request: AdmissionRequest,
  owner: OwnerReference,
  find: (apiVersion: string, kind: string) => Kind | undefined,
): Promise<void> {
  const kind = find(owner.apiVersion, owner.kind);
  if (kind === undefined) {
    throw refuse(
      request,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind ${quoted(owner.kind)} in version ${quoted(owner.apiVersion)}`,
    );
  }
  const { allowed, reason } = await isAllowed(authorizer, request, 'update', {
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: 'finalizers',
    namespace: kind.scope === 'Namespaced' ? request.namespace : '',
    name: owner.name,
  });
  if (allowed) return;
  throw refuse(
    request,
    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
  );
}
