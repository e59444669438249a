/** Tokens that a node may request: bound to pods that it runs, for audiences that those pods name. */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import type { AdmissionRequest, Authorizer, ObjectReader } from '../access.ts';
import { notFound } from '../errors.ts';
import { quoted, refuse } from './request.ts';

export interface NodeTokenOptions {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
}

interface TokenDraft {
  readonly spec?: {
    readonly audiences?: readonly string[];
    readonly boundObjectRef?: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
}

/** Throws 403, or 404 when there is no such pod. */
export async function checkToken(request: AdmissionRequest, node: string, options: NodeTokenOptions): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { name, uid } = boundPodOf(request);
  const pod = storedPod(request, name, options.reader);
  checkBoundPod(request, node, pod, uid);
  await checkAudience(request, pod, options);
}

export function storedPod(request: AdmissionRequest, name: string, reader: ObjectReader): Pod {
  const pod = reader.get(Pod, request.namespace, name);
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  return pod;
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

/** A node that is broken into must not pass for its pods before whom they never talk to. */
async function checkAudience(
  request: AdmissionRequest,
  pod: Pod,
  { reader, authorizer }: NodeTokenOptions,
): Promise<void> {
  const { audiences = [] } = (request.object as TokenDraft).spec ?? {};
  if (audiences.length > 1) throw refuse(request, 'node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  const { volumes = [] } = pod.spec ?? {};
  if (volumes.some((volume) => audiencesOf(volume, pod, reader).includes(audience))) return;
  const { user, namespace, name } = request;
  const { verdict } = await authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    path: '',
    resource: { group: '', version: 'v1', resource: audience, subresource: '', namespace, name },
  });
  if (verdict === 'allow') return;
  throw refuse(
    request,
    `audience ${quoted(audience)} not found in pod spec volume, ${user.username} is not authorized to request tokens for this audience`,
  );
}

/** '' is the API server. Drivers name theirs in their CSIDriver. */
function audiencesOf(volume: Volume, pod: Pod, reader: ObjectReader): readonly string[] {
  const projected = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken }) =>
    serviceAccountToken === undefined ? [] : [serviceAccountToken.audience ?? ''],
  );
  const driver = volume.csi?.driver ?? driverOfClaim(volume, pod, reader);
  const asked = driver === undefined ? [] : (reader.get(CSIDriver, '', driver)?.spec.tokenRequests ?? []);
  return [...projected, ...asked.map(({ audience }) => audience)];
}

function driverOfClaim(volume: Volume, { metadata }: Pod, reader: ObjectReader): string | undefined {
  const name =
    volume.persistentVolumeClaim?.claimName ??
    (volume.ephemeral === undefined ? undefined : `${metadata.name}-${volume.name}`);
  if (name === undefined) return undefined;
  const volumeName = reader.get(PersistentVolumeClaim, metadata.namespace ?? '', name)?.spec?.volumeName;
  return volumeName === undefined ? undefined : reader.get(PersistentVolume, '', volumeName)?.spec?.csi?.driver;
}
