/** The only pods that a node may create: mirrors of its static pods, which refer to nothing in the API. */
import { Node } from '../../api/core/node.ts';
import type { AdmissionRequest, ObjectReader } from '../access.ts';
import { notFound } from '../errors.ts';
import { podOf, quoted, refuse, type PodDraft } from './request.ts';

const annotation = 'kubernetes.io/config.mirror';

export function checkMirrorPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  const pod = podOf(request);
  const only = `node ${quoted(node)} can only create pods with`;
  if (pod.metadata.annotations?.[annotation] === undefined) {
    throw refuse(
      request,
      `pod does not have ${quoted(annotation)} annotation, node ${quoted(node)} can only create mirror pods`,
    );
  }
  if (pod.spec?.nodeName !== node) throw refuse(request, `${only} spec.nodeName set to itself`);
  checkOwner(request, pod, node, reader);
  const referenced = referenceOf(pod);
  if (referenced !== undefined) {
    throw refuse(request, `node ${quoted(node)} can not create pods that reference ${referenced}`);
  }
}

function checkOwner(request: AdmissionRequest, pod: PodDraft, node: string, reader: ObjectReader): void {
  const only = `node ${quoted(node)} can only create pods with`;
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) throw refuse(request, `${only} a single owner reference set to itself`);
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw refuse(request, `${only} an owner reference set to itself`);
  }
  if (owner.controller !== true) throw refuse(request, `${only} a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) {
    throw refuse(request, `node ${quoted(node)} must not set blockOwnerDeletion on an owner reference`);
  }
  const found = reader.get(Node, '', node);
  if (found === undefined) throw notFound({ group: '', resource: 'nodes' }, node);
  if (owner.uid !== found.metadata.uid) {
    throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${found.metadata.uid}`);
  }
}

/** What of the API the pod would make its node read; undefined when nothing. */
function referenceOf({ spec }: PodDraft): string | undefined {
  const { serviceAccountName = '', imagePullSecrets = [], resourceClaims = [], ...rest } = spec ?? {};
  if (serviceAccountName !== '') return 'a service account';
  const text = JSON.stringify(rest);
  const mentions = (fields: readonly string[]): boolean => fields.some((field) => text.includes(`"${field}":`));
  if (imagePullSecrets.length > 0) return 'secrets';
  if (resourceClaims.length > 0) return 'resourceclaims';
  return referring.find(([, fields]) => mentions(fields))?.[0];
}

const referring: readonly (readonly [string, readonly string[]])[] = [
  ['secrets', ['secret', 'secretRef', 'secretKeyRef', 'secretName', 'nodePublishSecretRef']],
  ['configmaps', ['configMap', 'configMapRef', 'configMapKeyRef']],
  ['clustertrustbundles', ['clusterTrustBundle']],
  ['persistentvolumeclaims', ['persistentVolumeClaim']],
];
