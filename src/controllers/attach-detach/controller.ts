/**
 * Attachments of CSI volumes: a VolumeAttachment object asks the driver's attacher for a volume on a node, the
 * node's status says when it may be mounted, and its agent says there as long as it is.
 */
import { Node } from '../../api/core/node.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { attachedVolumeName, attachmentName, attachmentNameOf } from '../../api/storage/attachment-names.ts';
import { CSIDriver } from '../../api/storage/csi-driver.ts';
import { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import { byNode, keyOf, refOf } from '../../client/cache.ts';
import { isAlreadyExists, isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { claimKeysOf, claimKeysOfVolume } from '../workload/claims.ts';
import { hasEnded } from '../workload/pods.ts';
import { planAttachments, type AttachPlan, type WantedVolume } from './plan.ts';

const managedAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach';

export function attachDetachController(deps: Dependencies, events: Events): Controller {
  return new AttachDetach(deps, events).controller();
}

class AttachDetach {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #nodes: Informer<Node>;
  readonly #drivers: Informer<CSIDriver>;
  readonly #attachments: Informer<VolumeAttachment>;
  /** Milliseconds since the epoch, by the uid of the attachment. */
  readonly #unwanted = new Map<string, number>();
  /** What pods have been told, by volume and node: told once as long as it is true. */
  readonly #complaints = new Map<string, ReadonlyMap<string, string>>();

  constructor(deps: Dependencies, events: Events) {
    const { informers } = deps;
    this.#deps = deps;
    this.#events = events;
    this.#pods = informers.of(Pod);
    this.#claims = informers.of(PersistentVolumeClaim);
    this.#volumes = informers.of(PersistentVolume);
    this.#nodes = informers.of(Node);
    this.#drivers = informers.of(CSIDriver);
    this.#attachments = informers.of(VolumeAttachment);
    this.#pods.addIndex('claim', claimKeysOf);
    this.#pods.addIndex('node', byNode);
    this.#volumes.addIndex('claim', claimKeysOfVolume);
    this.#volumes.addIndex('driver', ({ spec }) => (spec?.csi === undefined ? [] : [spec.csi.driver]));
    this.#attachments.addIndex('node', byNode);
    this.#attachments.addIndex('volume', ({ spec }) => volumeNamesOf(spec.source));
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'attachdetach',
        // Volumes of one node write the same list in its status.
        concurrency: 1,
        sources: [
          watching(this.#volumes, ({ object }) => (object.spec?.csi === undefined ? [] : [object.metadata.name])),
          watching(this.#claims, ({ object }) => this.#volumesOfClaim(keyOf(object))),
          watching(this.#pods, ({ object }) => claimKeysOf(object).flatMap((key) => this.#volumesOfClaim(key))),
          watching(this.#nodes, ({ object: { metadata } }) => this.#volumesOfNode(metadata.name)),
          watching(this.#attachments, ({ object }) => volumeNamesOf(object.spec.source)),
          watching(this.#drivers, ({ object }) =>
            this.#volumes.by('driver', object.metadata.name).map(({ metadata }) => metadata.name),
          ),
        ],
        reconcile: (name, { note }) => this.#reconcile(name, note),
      },
      this.#deps,
    );
  }

  #volumesOfClaim(key: string): readonly string[] {
    return this.#volumes
      .by('claim', key)
      .filter(({ spec }) => spec?.csi !== undefined)
      .map(({ metadata }) => metadata.name);
  }

  #volumesOfNode(name: string): readonly string[] {
    const attached = this.#attachments.by('node', name).flatMap(({ spec }) => volumeNamesOf(spec.source));
    const keys = this.#pods.by('node', name).flatMap(claimKeysOf);
    return [...new Set([...attached, ...keys.flatMap((key) => this.#volumesOfClaim(key))])];
  }

  async #reconcile(name: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const now = this.#deps.clock.now();
    const volume = this.#volumes.get({ name });
    const attachments = this.#attachments.by('volume', name);
    const users = volume === undefined ? new Map<string, readonly Pod[]>() : this.#usersOf(volume);
    for (const { metadata, spec } of attachments) if (users.has(spec.nodeName)) this.#unwanted.delete(metadata.uid);
    const plan = planAttachments({
      volume: this.#wanted(volume),
      attachments,
      users,
      now,
      node: (node) => this.#nodes.get({ name: node }),
      unwantedSince: ({ metadata }) => this.#unwanted.getOrInsert(metadata.uid, now),
    });
    note(plan);
    await this.#apply(name, plan, users);
    return plan.after === undefined ? {} : { after: plan.after };
  }

  #wanted(volume: PersistentVolume | undefined): WantedVolume | undefined {
    const { csi } = volume?.spec ?? {};
    if (volume === undefined || csi === undefined) return undefined;
    // A driver that has said nothing about itself is taken to attach, as agents take it.
    if (this.#drivers.get({ name: csi.driver })?.spec.attachRequired === false) return undefined;
    const { name } = volume.metadata;
    return { name, driver: csi.driver, handle: csi.volumeHandle, exclusive: this.#isExclusive(name) };
  }

  /** Whether it can be on one node at a time only. */
  #isExclusive(name: string): boolean {
    const { accessModes = [] } = this.#volumes.get({ name })?.spec ?? {};
    const shared = accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
    return accessModes.length > 0 && !shared;
  }

  async #isElsewhere(volume: string, node: string): Promise<boolean> {
    const { items } = await this.#deps.client.list(VolumeAttachment);
    return items.some(({ spec }) => spec.source.persistentVolumeName === volume && spec.nodeName !== node);
  }

  /** By node; of nodes whose agents leave attaching to this controller. */
  #usersOf(volume: PersistentVolume): ReadonlyMap<string, readonly Pod[]> {
    const [key] = claimKeysOfVolume(volume);
    const claim = key === undefined ? undefined : this.#claims.get(refOf(key));
    if (key === undefined || claim?.spec?.volumeName !== volume.metadata.name) return new Map();
    const pods = this.#pods.by('claim', key).filter((pod) => !hasLeft(pod));
    const byName = Map.groupBy(pods, ({ spec }) => spec?.nodeName ?? '');
    return new Map(
      [...byName].filter(([name]) => {
        const { annotations = {} } = this.#nodes.get({ name })?.metadata ?? {};
        return annotations[managedAnnotation] === 'true';
      }),
    );
  }

  async #apply(name: string, plan: AttachPlan, users: ReadonlyMap<string, readonly Pod[]>): Promise<void> {
    for (const attachment of plan.detach) await this.#detach(attachment);
    const csi = this.#volumes.get({ name })?.spec?.csi;
    if (csi === undefined) return;
    for (const node of plan.attach) await this.#attach(name, csi.driver, csi.volumeHandle, node);
    for (const { node, is } of plan.mountable) {
      if (!(await this.#tellNode(node, attachedVolumeName(csi.driver, csi.volumeHandle), is)) || !is) continue;
      for (const pod of users.get(node) ?? []) {
        const message = `AttachVolume.Attach succeeded for volume ${JSON.stringify(name)} `;
        this.#events.normal(Pod, pod, 'SuccessfulAttachVolume', message);
      }
    }
    this.#complain(name, plan, users);
  }

  #complain(name: string, { complaints }: AttachPlan, users: ReadonlyMap<string, readonly Pod[]>): void {
    const before = this.#complaints.get(name);
    for (const { node, message } of complaints) {
      if (before?.get(node) === message) continue;
      for (const pod of users.get(node) ?? []) this.#events.warning(Pod, pod, 'FailedAttachVolume', message);
    }
    if (complaints.length === 0) this.#complaints.delete(name);
    else this.#complaints.set(name, new Map(complaints.map(({ node, message }) => [node, message])));
  }

  async #attach(volume: string, driver: string, handle: string, nodeName: string): Promise<void> {
    // What the cache has not heard of yet must not bring a volume to two nodes.
    if (this.#isExclusive(volume) && (await this.#isElsewhere(volume, nodeName))) return;
    try {
      await this.#deps.client.create(VolumeAttachment, {
        metadata: { name: attachmentName(driver, handle, nodeName) },
        spec: { attacher: driver, nodeName, source: { persistentVolumeName: volume } },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** The node hears first that it may not mount it any more. */
  async #detach({ metadata, spec }: VolumeAttachment): Promise<void> {
    const node = await this.#read(spec.nodeName);
    const listed = (node?.status?.volumesAttached ?? []).find(
      (each) => attachmentNameOf(each.name, spec.nodeName) === metadata.name,
    );
    if (node !== undefined && listed !== undefined) await this.#list(node, listed.name, false);
    try {
      await this.#deps.client.delete(VolumeAttachment, metadata, { preconditions: { uid: metadata.uid } });
      this.#unwanted.delete(metadata.uid);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Whether the node's status had to be changed. */
  async #tellNode(name: string, volume: string, attached: boolean): Promise<boolean> {
    const node = this.#nodes.get({ name });
    const listed = node?.status?.volumesAttached?.some((each) => each.name === volume) ?? false;
    if (node === undefined || listed === attached) return false;
    await this.#list(node, volume, attached);
    return true;
  }

  async #read(name: string): Promise<Node | undefined> {
    try {
      return await this.#deps.client.get(Node, { name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A list that others changed meanwhile is a conflict: the key comes back. */
  async #list({ metadata, status }: Node, name: string, attached: boolean): Promise<void> {
    const others = (status?.volumesAttached ?? []).filter((each) => each.name !== name);
    const volumesAttached = attached ? [...others, { name, devicePath: '' }] : others;
    const patch = { metadata: { resourceVersion: metadata.resourceVersion }, status: { volumesAttached } };
    await this.#deps.client.patch(Node, metadata, patch, { type: 'merge', subresource: 'status' });
  }
}

function volumeNamesOf({ persistentVolumeName: name }: VolumeAttachment['spec']['source']): readonly string[] {
  return name === undefined ? [] : [name];
}

/** It has ended, or it goes and no container of it runs any more. */
function hasLeft(pod: Pod): boolean {
  if (hasEnded(pod)) return true;
  if (pod.metadata.deletionTimestamp === undefined) return false;
  return (pod.status?.containerStatuses ?? []).every(
    ({ state }) => state?.terminated !== undefined || state?.waiting !== undefined,
  );
}
