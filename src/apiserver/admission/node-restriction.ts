/**
 * NodeRestriction: a node writes what concerns itself and its pods, and nothing else, whatever its rights say.
 *
 * Messages: plugin/pkg/admission/noderestriction/admission.go.
 */
import type { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { Pod } from '../../api/core/pod.ts';
import type { ResourceSlice } from '../../api/resource/resource-slice.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, ObjectReader, UserInfo } from '../access.ts';
import { namesIn } from './certificate-subject.ts';
import { checkMirrorPod } from './mirror-pods.ts';
import { checkNodeWrite } from './node-labels.ts';
import { checkToken, storedPod, type NodeTokenOptions } from './node-tokens.ts';
import { oldOf, podOf, quoted, refuse } from './request.ts';

const prefix = 'system:node:';

/** The authoriser is asked whether a node may have tokens for audiences that its pods do not name. */
export function nodeRestriction(reader: ObjectReader, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ({ operation }) => operation !== 'CONNECT',
    async admit(request) {
      const node = nodeOf(request.user);
      if (node === undefined) return;
      if (node === '') throw refuse(request, `could not determine node from user ${quoted(request.user.username)}`);
      await rules[`${request.kind.group}/${request.kind.plural}`]?.(request, node, { reader, authorizer });
    },
  };
}

/** The name of the node that asks; '' for one that does not say; undefined for everybody else. */
function nodeOf({ username, groups }: UserInfo): string | undefined {
  if (!username.startsWith(prefix) || !groups.includes('system:nodes')) return undefined;
  return username.slice(prefix.length);
}

type Rule = (request: AdmissionRequest, node: string, options: NodeTokenOptions) => void | Promise<void>;

const rules: Readonly<Record<string, Rule>> = {
  '/pods': (request, node, { reader }) => checkPod(request, node, reader),
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
  'resource.k8s.io/resourceslices': checkSlice,
  'certificates.k8s.io/certificatesigningrequests': checkSigningRequest,
};

/** Which slices a node may read and change is for the authoriser to say; it does not see what is made. */
function checkSlice({ operation, object, old, kind, name }: AdmissionRequest, node: string): void {
  if (operation !== 'CREATE' && operation !== 'DELETE') return;
  const { spec } = (operation === 'CREATE' ? object : old) as unknown as ResourceSlice;
  if (spec.nodeName === node) return;
  const verb = operation === 'CREATE' ? 'create' : 'delete';
  throw refuse({ kind, name }, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}

const kubeletSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

/** A node asks for certificates of its own name only, whoever approves them. */
function checkSigningRequest(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'CREATE') return;
  const { spec } = request.object as unknown as CertificateSigningRequest;
  if (!kubeletSigners.includes(spec.signerName)) return;
  const names = namesIn(spec.request, 'commonName');
  if (names.length > 0 && names.every((name) => name === `${prefix}${node}`)) return;
  throw refuse(request, `can only create a node CSR with CN=${prefix}${node}`);
}

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
