/**
 * Volumes of drivers that attach them first. This node's status names those that are used here, and the attach-detach
 * controller takes none of them away; the controller names there those that may be mounted.
 */
import { Node } from '../../api/core/node.ts';
import { attachedVolumeName, attachmentName } from '../../api/storage/attachment-names.ts';
import { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import type { Clock } from '../../base/clock.ts';
import { isNotFound, type ClientReader } from '../../client/client.ts';
import { VolumeError } from '../volumes/volume.ts';

export interface AttachableVolume {
  readonly driver: string;
  readonly volumeHandle: string;
}

export interface AttachmentsOptions {
  readonly client: ClientReader;
  readonly clock: Clock;
  readonly nodeName: string;
  /** What an earlier agent has published, by the uid of the pod. */
  readonly published: () => Promise<readonly { readonly uid: string; readonly volume: AttachableVolume }[]>;
  /** The node's status is to be told. */
  readonly onChange: () => void;
}

/** Milliseconds, as upstream's agents have it. */
const patience = 123_000;
const pauses = { first: 50, longest: 1000 };

export class Attachments {
  readonly #options: AttachmentsOptions;
  /** Pods by what they use. */
  readonly #users = new Map<string, Set<string>>();
  #loaded: Promise<void> | undefined;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Names for the node's status, as `kubernetes.io/csi/DRIVER^HANDLE`. */
  async inUse(): Promise<readonly string[]> {
    await (this.#loaded ??= this.#load());
    return [...this.#users.keys()].toSorted();
  }

  /**
   * Waits until the volume is attached to this node and its status says that it is used here. Resolves to what the
   * attacher has to say to the driver. Throws VolumeError when it takes too long.
   */
  async attached(
    uid: string,
    volume: AttachableVolume,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const { clock } = this.#options;
    const until = clock.now() + patience;
    this.#use(uid, volume);
    for (let pause = pauses.first; ; pause = Math.min(pauses.longest, pause * 1.5)) {
      if (await this.#mayMount(volume)) {
        const attachment = await this.#attachment(volume);
        if (attachment?.status?.attached === true) return attachment.status.attachmentMetadata ?? {};
      }
      if (clock.now() >= until) throw await this.#complaint(volume);
      await clock.sleep(pause, signal);
    }
  }

  /** The pod has given back all that it had. */
  release(uid: string): void {
    let changed = false;
    for (const [name, users] of this.#users) {
      if (!users.delete(uid) || users.size > 0) continue;
      this.#users.delete(name);
      changed = true;
    }
    if (changed) this.#options.onChange();
  }

  async #load(): Promise<void> {
    for (const { uid, volume } of await this.#options.published()) this.#add(uid, volume);
  }

  #use(uid: string, volume: AttachableVolume): void {
    if (this.#add(uid, volume)) this.#options.onChange();
  }

  /** Whether nobody used it before. */
  #add(uid: string, { driver, volumeHandle }: AttachableVolume): boolean {
    const name = attachedVolumeName(driver, volumeHandle);
    const users = this.#users.get(name);
    this.#users.set(name, (users ?? new Set()).add(uid));
    return users === undefined;
  }

  async #mayMount({ driver, volumeHandle }: AttachableVolume): Promise<boolean> {
    const name = attachedVolumeName(driver, volumeHandle);
    const { status } = await this.#options.client.get(Node, { name: this.#options.nodeName });
    return (
      status?.volumesInUse?.includes(name) === true &&
      status.volumesAttached?.some((each) => each.name === name) === true
    );
  }

  /** Undefined too while it is not known to be this node's: only then may it be read. */
  async #attachment({ driver, volumeHandle }: AttachableVolume): Promise<VolumeAttachment | undefined> {
    const name = attachmentName(driver, volumeHandle, this.#options.nodeName);
    try {
      return await this.#options.client.get(VolumeAttachment, { name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #complaint(volume: AttachableVolume): Promise<VolumeError> {
    const { driver, volumeHandle } = volume;
    const name = attachmentName(driver, volumeHandle, this.#options.nodeName);
    const said = (await this.#attachment(volume).catch(() => undefined))?.status?.attachError?.message;
    return new VolumeError(
      `timed out waiting for volume ${volumeHandle} of driver ${driver} to be attached to this node` +
        (said === undefined ? ` (VolumeAttachment ${name}; is the driver's attacher running?)` : `: ${said}`),
    );
  }
}
