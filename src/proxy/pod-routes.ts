/** Keeps the way to other nodes' pods in step with the Nodes of the cluster. */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { pauseAfter, type Pauses } from '../base/pauses.ts';
import { Node } from '../api/core/node.ts';
import type { Informers } from '../client/informers.ts';
import type { CommandRunner } from '../network/command.ts';
import { createCommandRunner } from '../network/command.ts';
import { Overlay, type Backend, type Peer } from '../network/overlay.ts';

export interface PodRoutesOptions {
  /** Shared with others of the process, and run by it. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly backend: Backend;
  /** Name of the VXLAN device. */
  readonly device: string;
  readonly vni: number;
  readonly run?: CommandRunner;
}

/** What others may have changed is put right after this long, in milliseconds. */
const checkInterval = 60_000;
const retry: Pauses = { first: 200, longest: 30_000 };

export function createPodRoutes(options: PodRoutesOptions): Service {
  return { name: 'pod-routes', run: (signal) => follow(options, signal) };
}

/** Other nodes that have an address and a range. Pure. */
export function peersOf(nodes: readonly Node[], nodeName: string): readonly Peer[] {
  return nodes.flatMap((node) => {
    const { address, podCidr } = placeOf(node);
    return node.metadata.name === nodeName || address === undefined || podCidr === undefined
      ? []
      : [{ address, podCidr }];
  });
}

function placeOf(node: Node | undefined): {
  readonly address: string | undefined;
  readonly podCidr: string | undefined;
} {
  const address = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  return { address, podCidr: node?.spec?.podCIDRs?.[0] ?? node?.spec?.podCIDR };
}

async function follow(options: PodRoutesOptions, signal: AbortSignal): Promise<void> {
  const { informers, clock, nodeName } = options;
  const nodes = informers.of(Node);
  let changed = true;
  const seen = new Map<string, string>();
  let wake: (() => void) | undefined;
  // Heartbeats change Nodes all the time; what counts here hardly ever does.
  const look = ({ metadata: { name } }: Node, place: string | undefined): void => {
    if (seen.get(name) === place) return;
    if (place === undefined) seen.delete(name);
    else seen.set(name, place);
    changed = true;
    wake?.();
  };
  const placeText = (node: Node): string | undefined => {
    const { address, podCidr } = placeOf(node);
    return address === undefined || podCidr === undefined ? undefined : `${address} ${podCidr}`;
  };
  const unsubscribe = nodes.subscribe({
    added: (node) => look(node, placeText(node)),
    updated: (node) => look(node, placeText(node)),
    deleted: (node) => look(node, undefined),
  });
  let failures = 0;
  try {
    await nodes.whenSynced(signal);
    while (!signal.aborted) {
      changed = false;
      failures = (await apply(options, nodes.list(), nodeName)) ? 0 : failures + 1;
      const delay = failures === 0 ? checkInterval : pauseAfter(failures, retry);
      if (changed && failures === 0) continue;
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', finish);
          wake = undefined;
          resolve();
        };
        const timer = clock.after(delay, finish);
        signal.addEventListener('abort', finish, { once: true });
        wake = finish;
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unsubscribe();
  }
}

/** Whether it worked. Until this node has an address and a range there is nothing to do. */
async function apply(options: PodRoutesOptions, nodes: readonly Node[], nodeName: string): Promise<boolean> {
  const { backend, device, vni, clock, log, run = createCommandRunner(clock) } = options;
  const { address, podCidr } = placeOf(nodes.find(({ metadata }) => metadata.name === nodeName));
  if (address === undefined || podCidr === undefined) return true;
  const peers = peersOf(nodes, nodeName);
  // A single node needs no device.
  if (peers.length === 0) {
    const shown = await run('ip', ['link', 'show', 'dev', device]);
    if (shown.code !== 0) return true;
  }
  try {
    await new Overlay({ run, backend, device, vni, address, podCidr }).apply(peers);
    return true;
  } catch (error) {
    log.error('could not set routes to other nodes', { error: messageOf(error) });
    return false;
  }
}
