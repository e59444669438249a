/**
 * NodeRestriction: a node writes what concerns itself and its pods, and nothing else, whatever its rights say.
 *
 * Messages: plugin/pkg/admission/noderestriction/admission.go.
 */
import { Pod } from '../../api/core/pod.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader, UserInfo } from '../access.ts';
import { notFound } from '../errors.ts';
import { checkMirrorPod } from './mirror-pods.ts';
import { checkNodeWrite } from './node-labels.ts';
import { oldOf, podOf, quoted, refuse } from './request.ts';

const prefix = 'system:node:';

export function nodeRestriction(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ({ operation }) => operation !== 'CONNECT',
    admit(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return;
      if (node === '') throw refuse(request, `could not determine node from user ${quoted(request.user.username)}`);
      rules[`${request.kind.group}/${request.kind.plural}`]?.(request, node, reader);
    },
  };
}

/** The name of the node that asks; '' for one that does not say; undefined for everybody else. */
function nodeOf({ username, groups }: UserInfo): string | undefined {
  if (!username.startsWith(prefix) || !groups.includes('system:nodes')) return undefined;
  return username.slice(prefix.length);
}

type Rule = (request: AdmissionRequest, node: string, reader: ObjectReader) => void;

const rules: Readonly<Record<string, Rule>> = {
  '/pods': checkPod,
  '/nodes': checkNodeWrite,
  '/persistentvolumeclaims': checkClaim,
  '/serviceaccounts': checkToken,
  'coordination.k8s.io/leases': (request, node) => {
    if (request.namespace !== 'kube-node-lease') {
      throw refuse(request, 'can only access leases in the "kube-node-lease" system namespace');
    }
    if (request.name !== node) {
      throw refuse(request, 'can only access node lease with the same name as the requesting node');
    }
  },
  'storage.k8s.io/csinodes': (request, node) => {
    if (request.name !== node) {
      throw refuse(request, 'can only access CSINode with the same name as the requesting node');
    }
  },
};

function checkPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  switch (request.subresource) {
    case '':
      return checkPodItself(request, node, reader);
    case 'status':
      return checkPodStatus(request, node);
    case 'eviction': {
      const pod = storedPod(request, request.name, reader);
      if (pod.spec?.nodeName === node) return;
      throw refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
    }
    default:
      throw refuse(
        request,
        `unexpected pod subresource ${quoted(request.subresource)}, only 'status' and 'eviction' are allowed`,
      );
  }
}

function checkPodItself(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  if (request.operation === 'CREATE') return checkMirrorPod(request, node, reader);
  if (request.operation !== 'DELETE') {
    throw refuse(
      request,
      `unexpected operation ${quoted(request.operation)}, node ${quoted(node)} can only create and delete mirror pods`,
    );
  }
  // A collection is deleted object by object: each comes by here.
  if (oldOf(Pod, request)?.spec?.nodeName !== node) {
    throw refuse(request, `node ${quoted(node)} can only delete pods with spec.nodeName set to itself`);
  }
}

function checkPodStatus(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'UPDATE') throw refuse(request, `unexpected operation ${quoted(request.operation)}`);
  const [young, old] = [podOf(request), oldOf(Pod, request)];
  if (old?.spec?.nodeName !== node) {
    throw refuse(request, `node ${quoted(node)} can only update pod status for pods with spec.nodeName set to itself`);
  }
  checkOwnStatus(request, node, young, old);
}

function checkOwnStatus(
  request: AdmissionRequest,
  node: string,
  young: Pick<Pod, 'metadata' | 'status'>,
  old: Pod,
): void {
  if (!deepEqual(young.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    throw refuse(request, `node ${quoted(node)} cannot update labels through pod status`);
  }
  if (!deepEqual(young.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) {
    throw refuse(request, `node ${quoted(node)} cannot update resource claim statues`);
  }
}

function storedPod(request: AdmissionRequest, name: string, reader: ObjectReader): Pod {
  const pod = reader.get(Pod, request.namespace, name);
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  return pod;
}

/** Of claims a node tells the size of the volume, after it has grown its file system. */
const nodesOwn: ReadonlySet<string> = new Set([
  'capacity',
  'conditions',
  'allocatedResources',
  'allocatedResourceStatuses',
]);

function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.subresource !== 'status') throw refuse(request, 'may only update PVC status');
  if (request.operation !== 'UPDATE') throw refuse(request, `unexpected operation ${quoted(request.operation)}`);
  if (deepEqual(withoutNodesOwn(request.object), withoutNodesOwn(request.old))) return;
  throw refuse(
    request,
    `node ${quoted(node)} is not allowed to update fields other than status.capacity and status.conditions`,
  );
}

function withoutNodesOwn(claim: unknown): object {
  const { metadata, status, ...rest } = (claim ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const { resourceVersion: _revision, managedFields: _managed, ...meta } = metadata ?? {};
  const others = Object.entries(status ?? {}).filter(([field]) => !nodesOwn.has(field));
  return { ...rest, metadata: meta, status: Object.fromEntries(others) };
}

interface TokenDraft {
  readonly spec?: {
    readonly boundObjectRef?: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
}

/** A node gets tokens for the pods that it runs, bound to them. */
function checkToken(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { name, uid } = boundPodOf(request);
  checkBoundPod(request, node, storedPod(request, name, reader), uid);
}

function boundPodOf(request: AdmissionRequest): { readonly name: string; readonly uid: string } {
  const { apiVersion, kind, name = '', uid = '' } = (request.object as TokenDraft).spec?.boundObjectRef ?? {};
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') {
    throw refuse(request, 'node requested token not bound to a pod');
  }
  if (uid === '') throw refuse(request, 'node requested token with a pod binding without a uid');
  return { name, uid };
}

function checkBoundPod(request: AdmissionRequest, node: string, pod: Pod, uid: string): void {
  if (pod.metadata.uid !== uid) {
    throw refuse(
      request,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
}
