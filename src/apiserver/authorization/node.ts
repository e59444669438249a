/**
 * What a node may do: serve its own pods. It reaches its own Node, Lease and CSINode, the pods that are bound
 * to it, and what those pods refer to; everything else is a fixed list.
 *
 *     node <- pod <- secret, configmap, service account token, claim <- volume <- secret
 */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { ResourceSlice } from '../../api/resource/resource-slice.ts';
import { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import type { Attributes, Authorizer, Decision, ObjectReader, UserInfo } from '../access.ts';
import { nodeRules } from './bootstrap/cluster-roles.ts';
import type { NodePods } from './node-pods.ts';
import { referencesOf, volumeNeedsSecret, type References } from './pod-references.ts';
import { ruleAllows } from './rules.ts';

type Asked = NonNullable<Attributes['resource']>;

interface Question {
  readonly node: string;
  readonly verb: string;
  readonly asked: Asked;
}

export interface NodeAuthorizerOptions {
  readonly pods: NodePods;
  readonly reader: ObjectReader;
}

const allow: Decision = Object.freeze({ verdict: 'allow', reason: '' });
const silent: Decision = Object.freeze({ verdict: 'no-opinion', reason: '' });
const no = (reason: string): Decision => ({ verdict: 'no-opinion', reason });
const userPrefix = 'system:node:';
const leaseNamespace = 'kube-node-lease';

/** Undefined for users that are no nodes; '' for a node without a name. */
export function nodeNameOf({ username, groups }: UserInfo): string | undefined {
  if (!username.startsWith(userPrefix) || !groups.includes('system:nodes')) return undefined;
  return username.slice(userPrefix.length);
}

export function nodeAuthorizer(options: NodeAuthorizerOptions): Authorizer {
  const special = specialRules(options);
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user);
      if (node === undefined) return silent;
      if (node === '') return no(`unknown node for user ${JSON.stringify(attributes.user.username)}`);
      const { verb, resource: asked } = attributes;
      const decide = asked === undefined ? undefined : special.get(`${asked.group}/${asked.resource}`);
      if (asked !== undefined && decide !== undefined) return decide({ node, verb, asked });
      return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allow : silent;
    },
  };
}

function specialRules({ pods, reader }: NodeAuthorizerOptions): ReadonlyMap<string, (question: Question) => Decision> {
  const podRefers = (node: string, namespace: string, test: (references: References, pod: Pod) => boolean): boolean => {
    for (const pod of pods.of(node)) {
      if (pod.metadata.namespace === namespace && test(referencesOf(pod), pod)) return true;
    }
    return false;
  };
  /** Volumes behind the claims of the node's pods. */
  const volumesOf = function* (node: string): Iterable<PersistentVolume> {
    for (const pod of pods.of(node)) {
      const { namespace = '' } = pod.metadata;
      for (const name of referencesOf(pod).claims) {
        const volumeName = reader.get(PersistentVolumeClaim, namespace, name)?.spec?.volumeName;
        const volume = volumeName === undefined ? undefined : reader.get(PersistentVolume, '', volumeName);
        if (volume?.spec?.claimRef?.name === name && volume.spec.claimRef.namespace === namespace) yield volume;
      }
    }
  };
  const some = <T>(items: Iterable<T>, test: (item: T) => boolean): boolean => {
    for (const item of items) if (test(item)) return true;
    return false;
  };
  const secret = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, ({ secrets }) => secrets.has(name)) ||
    some(volumesOf(node), (volume) => volumeNeedsSecret(volume, namespace, name));
  const configMap = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, ({ configMaps }) => configMaps.has(name));
  const claim = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, ({ claims }) => claims.has(name));
  const resourceClaim = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, ({ resourceClaims }) => resourceClaims.has(name));
  const account = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, ({ serviceAccount }) => serviceAccount === name);
  const volume = ({ node, asked: { name } }: Question): boolean =>
    some(volumesOf(node), ({ metadata }) => metadata.name === name);
  const attachment = ({ node, asked: { name } }: Question): boolean =>
    reader.get(VolumeAttachment, '', name)?.spec.nodeName === node;
  const slice = ({ node, asked: { name } }: Question): boolean =>
    reader.get(ResourceSlice, '', name)?.spec.nodeName === node;
  const ownPod = ({ node, asked: { namespace, name } }: Question): boolean =>
    podRefers(node, namespace, (_, pod) => pod.metadata.name === name);

  return new Map<string, (question: Question) => Decision>([
    ['/secrets', (question) => ifRead(question, secret)],
    ['/configmaps', (question) => ifRead(question, configMap)],
    [
      '/persistentvolumeclaims',
      (question) => (isStatus(question) ? ifStatus(question, claim) : ifGet(question, claim)),
    ],
    ['/persistentvolumes', (question) => ifGet(question, volume)],
    ['storage.k8s.io/volumeattachments', (question) => ifGet(question, attachment)],
    ['resource.k8s.io/resourceclaims', (question) => ifGet(question, resourceClaim)],
    ['/serviceaccounts', (question) => serviceAccount(question, account)],
    ['/nodes', ownNode],
    ['/pods', (question) => podRequest(question, ownPod)],
    ['coordination.k8s.io/leases', lease],
    ['storage.k8s.io/csinodes', csiNode],
    ['resource.k8s.io/resourceslices', (question) => sliceRequest(question, slice)],
  ]);
}

type Test = (question: Question) => boolean;

const isStatus = ({ asked }: Question): boolean => asked.subresource === 'status';

function related(question: Question, test: Test): Decision {
  if (question.asked.name === '') return no('No Object name found');
  if (test(question)) return allow;
  return no(`no relationship found between node '${question.node}' and this object`);
}

function ifRead(question: Question, test: Test): Decision {
  const { verb, asked } = question;
  if (!['get', 'list', 'watch'].includes(verb)) return no('can only read resources of this type');
  if (asked.subresource !== '') return no('cannot read subresource');
  if (asked.namespace === '') return no('can only read namespaced object of this type');
  return related(question, test);
}

function ifGet(question: Question, test: Test): Decision {
  if (question.verb !== 'get') return no('can only get individual resources of this type');
  if (question.asked.subresource !== '') return no('cannot get subresource');
  return related(question, test);
}

function ifStatus(question: Question, test: Test): Decision {
  if (!['update', 'patch'].includes(question.verb)) return no('can only get/update/patch this type');
  return related(question, test);
}

/** Read to choose credentials for images by; tokens are made for pods. */
function serviceAccount(question: Question, test: Test): Decision {
  const { verb, asked } = question;
  if (verb === 'get' && asked.subresource === '') return related(question, test);
  if (verb !== 'create' || asked.name === '') return no('can only create tokens for individual service accounts');
  if (asked.subresource !== 'token') return no('can only create token subresource of serviceaccount');
  return related(question, test);
}

/** Names are checked by the NodeRestriction plugin where the request alone does not tell them. */
function ownNode({ node, verb, asked }: Question): Decision {
  if (asked.subresource === 'status') return ['update', 'patch'].includes(verb) ? allow : silent;
  if (asked.subresource !== '') return silent;
  if (['create', 'update', 'patch'].includes(verb)) return allow;
  if (!['get', 'list', 'watch'].includes(verb)) return silent;
  if (asked.name === node) return allow;
  return asked.name === ''
    ? no(`node '${node}' cannot read all nodes, only its own Node object`)
    : no(`node '${node}' cannot read '${asked.name}', only its own Node object`);
}

const podSubresources: Readonly<Record<string, readonly string[]>> = {
  status: ['update', 'patch'],
  eviction: ['create'],
};

function podRequest(question: Question, test: Test): Decision {
  const { node, verb, asked } = question;
  if (asked.subresource !== '') return podSubresources[asked.subresource]?.includes(verb) === true ? allow : silent;
  if (verb === 'get') return related(question, test);
  if (verb === 'create' || verb === 'delete') return allow;
  if (verb !== 'list' && verb !== 'watch') return silent;
  if (selectsNode(asked.fieldSelector ?? '', node)) return allow;
  if (asked.name !== '') return related(question, test);
  return no('can only list/watch pods with spec.nodeName field selector');
}

function selectsNode(selector: string, node: string): boolean {
  return selector.split(',').some((each) => each === `spec.nodeName=${node}` || each === `spec.nodeName==${node}`);
}

const ownVerbs: readonly string[] = ['get', 'create', 'update', 'patch', 'delete'];

function lease({ node, verb, asked }: Question): Decision {
  if (!ownVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (asked.namespace !== leaseNamespace) {
    return no(`can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  if (verb !== 'create' && asked.name !== node) {
    return no('can only access node lease with the same name as the requesting node');
  }
  return allow;
}

function csiNode({ node, verb, asked }: Question): Decision {
  if (!ownVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (asked.subresource !== '') return no('cannot authorize CSINode subresources');
  if (verb !== 'create' && asked.name !== node) {
    return no('can only access CSINode with the same name as the requesting node');
  }
  return allow;
}

/** What a node makes is checked by the NodeRestriction plugin. */
function sliceRequest(question: Question, test: Test): Decision {
  const { node, verb, asked } = question;
  if (asked.subresource !== '') return no('cannot authorize ResourceSlice subresources');
  if (verb === 'create') return allow;
  if (['get', 'update', 'patch', 'delete'].includes(verb)) return related(question, test);
  if (!['list', 'watch', 'deletecollection'].includes(verb)) {
    return no(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
  }
  if (selectsNode(asked.fieldSelector ?? '', node)) return allow;
  return no('can only list/watch/deletecollection resourceslices with nodeName field selector');
}
