/** To which nodes a volume of a CSI driver is attached, and from which it is taken: pure. */
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { attachmentNameOf } from '../../api/storage/attachment-names.ts';
import type { VolumeAttachment } from '../../api/storage/volume-attachment.ts';
import { parseTimestamp } from '../../base/clock.ts';

export const outOfServiceTaint = 'node.kubernetes.io/out-of-service';
/** Milliseconds that an unhealthy node may keep a volume that nobody wants there. */
const longestHold = 360_000;
/** Milliseconds after which an attacher that says nothing is worth an event. */
const patience = 120_000;

export interface WantedVolume {
  /** Of the PersistentVolume. */
  readonly name: string;
  readonly driver: string;
  readonly handle: string;
  /** One node at a time. */
  readonly exclusive: boolean;
}

export interface AttachSituation {
  /** Undefined: it is gone, or its driver does not attach. */
  readonly volume: WantedVolume | undefined;
  readonly attachments: readonly VolumeAttachment[];
  /** Pods that use it and have not ended, by node. */
  readonly users: ReadonlyMap<string, readonly Pod[]>;
  readonly node: (name: string) => Node | undefined;
  /** Since when, in milliseconds since the epoch, nobody on its node has wanted it. */
  readonly unwantedSince: (attachment: VolumeAttachment) => number;
  readonly now: number;
}

export interface AttachPlan {
  /** Nodes to attach it to. */
  readonly attach: readonly string[];
  readonly detach: readonly VolumeAttachment[];
  /** Whether nodes may mount it, to be said in their status. */
  readonly mountable: readonly { readonly node: string; readonly is: boolean }[];
  /** Why pods of a node have to wait. */
  readonly complaints: readonly { readonly node: string; readonly message: string }[];
  /** Milliseconds. */
  readonly after?: number;
}

export function planAttachments(situation: AttachSituation): AttachPlan {
  const { volume, attachments, users } = situation;
  const wanted = volume === undefined ? [] : nodesInTurn(users);
  const unwanted = attachments.filter(({ spec }) => !wanted.includes(spec.nodeName));
  const holds = unwanted.map((attachment) => ({ attachment, left: holdOf(attachment, situation) }));
  const waits = wanted.flatMap((node) => waitOf(node, situation));
  const blocked = blockedNodes(wanted, situation);
  const due = [...holds, ...waits].map(({ left }) => left).filter((left) => left > 0 && Number.isFinite(left));
  return {
    attach: wanted.filter((node) => !blocked.has(node) && attachmentOn(node, situation) === undefined),
    detach: holds
      .filter(({ attachment, left }) => left <= 0 && attachment.metadata.deletionTimestamp === undefined)
      .map(({ attachment }) => attachment),
    mountable: wanted.flatMap((node) => {
      const attachment = attachmentOn(node, situation);
      return attachment === undefined ? [] : [{ node, is: isAttached(attachment) }];
    }),
    complaints: [...blocked]
      .map(([node, message]) => ({ node, message }))
      .concat(waits.flatMap(({ node, message }) => (message === undefined ? [] : [{ node, message }]))),
    ...(due.length === 0 ? {} : { after: Math.min(...due) }),
  };
}

/** The node of the oldest pod first: it gets a volume that only one can have. */
function nodesInTurn(users: AttachSituation['users']): readonly string[] {
  const age = (pods: readonly Pod[]): number =>
    Math.min(...pods.map(({ metadata }) => parseTimestamp(metadata.creationTimestamp)));
  return [...users].toSorted(([, left], [, right]) => age(left) - age(right)).map(([node]) => node);
}

function attachmentOn(node: string, { attachments }: AttachSituation): VolumeAttachment | undefined {
  return attachments.find(({ spec }) => spec.nodeName === node);
}

export function isAttached({ metadata, status }: VolumeAttachment): boolean {
  return status?.attached === true && metadata.deletionTimestamp === undefined;
}

/** Milliseconds until it can be taken from its node; Infinity as long as the node has it mounted. */
function holdOf(attachment: VolumeAttachment, { node: find, unwantedSince, now }: AttachSituation): number {
  const { nodeName } = attachment.spec;
  const node = find(nodeName);
  const mounted = (node?.status?.volumesInUse ?? []).some(
    (name) => attachmentNameOf(name, nodeName) === attachment.metadata.name,
  );
  if (node === undefined || !mounted) return 0;
  if (node.spec?.taints?.some(({ key }) => key === outOfServiceTaint)) return 0;
  const healthy = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return healthy === true ? Infinity : unwantedSince(attachment) + longestHold - now;
}

interface Wait {
  readonly node: string;
  readonly left: number;
  readonly message?: string;
}

/** What is to be said of an attachment that is not there yet. */
function waitOf(node: string, situation: AttachSituation): readonly Wait[] {
  const { volume, now } = situation;
  const attachment = attachmentOn(node, situation);
  if (attachment === undefined || isAttached(attachment)) return [];
  const { driver = '', handle = '', name = '' } = volume ?? {};
  const failed = (why: string): string => `AttachVolume.Attach failed for volume ${JSON.stringify(name)} : ${why}`;
  const error = attachment.status?.attachError?.message;
  if (error !== undefined) return [{ node, left: Infinity, message: failed(error) }];
  const left = parseTimestamp(attachment.metadata.creationTimestamp) + patience - now;
  if (left > 0) return [{ node, left }];
  const silence = `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${handle}`;
  return [{ node, left: Infinity, message: failed(silence) }];
}

/** Nodes that cannot have it because another one has. */
function blockedNodes(wanted: readonly string[], situation: AttachSituation): ReadonlyMap<string, string> {
  const { volume, attachments } = situation;
  if (volume?.exclusive !== true) return new Map();
  const [first] = wanted;
  const holders = attachments.map(({ spec }) => spec.nodeName);
  const taken = holders.length > 0 ? holders : first === undefined ? [] : [first];
  return new Map(
    wanted
      .filter((node) => taken.some((holder) => holder !== node) && !holders.includes(node))
      .map((node) => [
        node,
        `Multi-Attach error for volume ${JSON.stringify(volume.name)} ${holdersOf(taken, situation)}`,
      ]),
  );
}

function holdersOf(nodes: readonly string[], { users }: AttachSituation): string {
  const pods = nodes.flatMap((node) => users.get(node) ?? []).map(({ metadata }) => metadata.name);
  return pods.length === 0
    ? "Volume is already exclusively attached to one node and can't be attached to another"
    : `Volume is already used by pod(s) ${pods.join(', ')}`;
}
