/** NodeVolumeLimits: no more volumes of a CSI driver on a node than the driver says it can hold there. */
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { Pod } from '../../api/core/pod.ts';
import { classOf } from '../../api/core/volume-matching.ts';
import { resolvable, type Plugin, type World } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';
import { claimNamesOf } from './volumes.ts';

/** Names of volumes by their driver. A claim without a volume counts under its own name. */
type Wanted = Map<string, Set<string>>;

export const nodeVolumeLimits: Plugin = {
  name: 'NodeVolumeLimits',
  weight: 0,
  prepare(pod, world) {
    const wanted: Wanted = new Map();
    addVolumesOf(pod, world, wanted);
    if (wanted.size === 0) return {};
    const rejection = resolvable('node(s) exceed max volume count');
    return { filter: (view) => (exceeds(view, wanted, world) ? rejection : undefined) };
  },
};

function exceeds(view: NodeView, wanted: Wanted, world: World): boolean {
  const limits = new Map(
    (world.csiNode(view.name)?.spec.drivers ?? []).flatMap(({ name, allocatable }) =>
      allocatable?.count === undefined ? [] : [[name, allocatable.count] as const],
    ),
  );
  if (![...wanted.keys()].some((driver) => limits.has(driver))) return false;
  const present: Wanted = new Map();
  for (const other of view.pods.values()) addVolumesOf(other, world, present);
  for (const { spec } of world.attachments(view.name)) {
    const csi = world.volume(spec.source.persistentVolumeName ?? '')?.spec?.csi;
    if (csi !== undefined) add(present, csi.driver, csi.volumeHandle);
  }
  return [...wanted].some(([driver, volumes]) => {
    const there = present.get(driver) ?? new Set<string>();
    const added = volumes.difference(there).size;
    return added > 0 && there.size + added > (limits.get(driver) ?? Infinity);
  });
}

function addVolumesOf(pod: Pod, world: World, wanted: Wanted): void {
  const namespace = pod.metadata.namespace ?? '';
  for (const name of claimNamesOf(pod)) {
    const claim = world.claim(namespace, name);
    const volume = claim === undefined ? undefined : volumeOf(claim, world);
    if (volume !== undefined) add(wanted, volume.driver, volume.handle);
  }
}

function volumeOf(
  claim: PersistentVolumeClaim,
  world: World,
): { readonly driver: string; readonly handle: string } | undefined {
  const volume = world.volume(claim.spec?.volumeName ?? '');
  if (volume !== undefined) {
    const csi = volume.spec?.csi;
    return csi === undefined ? undefined : { driver: csi.driver, handle: csi.volumeHandle };
  }
  // None yet, or one that is not known (any more): it is taken to be of its class's driver.
  const driver = world.storageClass(classOf(claim))?.provisioner;
  const handle = `${claim.metadata.namespace ?? ''}/${claim.metadata.name}`;
  return driver === undefined ? undefined : { driver, handle };
}

function add(wanted: Wanted, driver: string, handle: string): void {
  wanted.set(driver, (wanted.get(driver) ?? new Set()).add(handle));
}
