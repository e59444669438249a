/** What plugins read beside nodes and pods, from informer caches. */
import { ReplicaSet } from '../api/apps/replica-set.ts';
import { StatefulSet } from '../api/apps/stateful-set.ts';
import { Namespace } from '../api/core/namespace.ts';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import type { Pod } from '../api/core/pod.ts';
import { ReplicationController } from '../api/core/replication-controller.ts';
import { Service } from '../api/core/service.ts';
import { CSIDriver } from '../api/storage/csi-driver.ts';
import { CSINode } from '../api/storage/csi-node.ts';
import { CSIStorageCapacity } from '../api/storage/csi-storage-capacity.ts';
import { StorageClass } from '../api/storage/storage-class.ts';
import { VolumeAttachment } from '../api/storage/volume-attachment.ts';
import type { Informers } from '../client/informers.ts';
import { matches, selectorOfMap } from '../schema/selector.ts';
import type { AssumedVolumes } from './assumed-volumes.ts';
import type { World } from './plugin.ts';
import type { Snapshot } from './snapshot.ts';

type Labels = Readonly<Record<string, string>>;

export function worldOf(informers: Informers, snapshot: Snapshot, assumed: AssumedVolumes): World {
  const namespaces = informers.of(Namespace);
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  const classes = informers.of(StorageClass);
  const drivers = informers.of(CSIDriver);
  const driversOfNodes = informers.of(CSINode);
  const capacities = informers.of(CSIStorageCapacity);
  const attachments = informers.of(VolumeAttachment);
  attachments.addIndex('node', ({ spec }) => [spec.nodeName]);
  return {
    get nodes() {
      return snapshot.nodes;
    },
    node: (name) => snapshot.node(name),
    get nodesWithAffinity() {
      return snapshot.nodesWithAffinity;
    },
    podsMatching: (namespace, selector) => snapshot.podsMatching(namespace, selector),
    podsMatchingByTraits: (namespace, selector) => snapshot.podsMatchingByTraits(namespace, selector),
    nodesWithImage: (name) => snapshot.nodesWithImage(name),
    namespace: (name) => namespaces.get({ name }),
    claim: (namespace, name) => claims.get({ namespace, name }),
    volume: (name) => volumes.get({ name }),
    volumes: () => assumed.over(volumes.list()),
    storageClass: (name) => classes.get({ name }),
    csiDriver: (name) => drivers.get({ name }),
    csiNode: (name) => driversOfNodes.get({ name }),
    storageCapacities: () => capacities.list(),
    attachments: (node) => attachments.by('node', node),
    selectorsOf: selectorsFrom(informers),
  };
}

function selectorsFrom(informers: Informers): (pod: Pod) => readonly Labels[] {
  const services = informers.of(Service);
  const controllers = informers.of(ReplicationController);
  const replicaSets = informers.of(ReplicaSet);
  const statefulSets = informers.of(StatefulSet);
  return (pod) => {
    const { namespace } = pod.metadata;
    const ofServices = services
      .list({ namespace })
      .map(({ spec }) => spec?.selector ?? {})
      .filter((selector) => selects(selector, pod));
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined) return ofServices;
    const ref = { namespace, name: owner.name };
    const ofOwner =
      owner.kind === 'ReplicationController'
        ? controllers.get(ref)?.spec?.selector
        : { ReplicaSet: replicaSets, StatefulSet: statefulSets }[owner.kind]?.get(ref)?.spec?.selector.matchLabels;
    return ofOwner === undefined ? ofServices : [...ofServices, ofOwner];
  };
}

function selects(selector: Labels, pod: Pod): boolean {
  return Object.keys(selector).length > 0 && matches(selectorOfMap(selector), pod.metadata.labels);
}
