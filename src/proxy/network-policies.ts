/**
 * Enforces NetworkPolicies for the pods of this node. Pods of the whole cluster are followed only once there is
 * a policy, and without what policies do not look at.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { aborted, type Service } from '../base/service.ts';
import { Namespace } from '../api/core/namespace.ts';
import { Pod } from '../api/core/pod.ts';
import { NetworkPolicy } from '../api/networking/network-policy.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { createCommandRunner, type CommandRunner } from '../network/command.ts';
import { createNft } from '../network/nft.ts';
import { TableSync } from '../network/table-sync.ts';
import { PolicyState } from './policy-state.ts';

export interface NetworkPoliciesOptions {
  readonly client: Client;
  /** Shared with others of the process, and run by it. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** nftables table in family inet, such as `coracle-main-policy`. */
  readonly table: string;
  readonly run?: CommandRunner;
}

export function createNetworkPolicies(options: NetworkPoliciesOptions): Service {
  return { name: 'network-policies', run: (signal) => enforce(options, signal) };
}

async function enforce(options: NetworkPoliciesOptions, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, log, nodeName, table, run = createCommandRunner(clock) } = options;
  const policies = informers.of(NetworkPolicy);
  const own = new AbortController();
  const stop = AbortSignal.any([signal, own.signal]);
  const firstPolicy = new AbortController();
  const unsubscribe = policies.subscribe({ added: () => firstPolicy.abort() });
  let running: readonly Promise<void>[] = [];
  let following: readonly (() => void)[] = [];
  try {
    await aborted(AbortSignal.any([stop, firstPolicy.signal]));
    if (stop.aborted) return;
    const pods = new Informer<Pod>({ client, kind: Pod, clock, logger: log, transform: slim });
    const namespaces = informers.of(Namespace);
    const state = new PolicyState(table, nodeName);
    const sync = new TableSync({
      nft: createNft(run),
      table: state.table,
      clock,
      log: log.named('network-policies'),
      gather: () => state.update({ policies: policies.list(), pods: pods.list(), namespaces: namespaces.list() }),
    });
    const poke = (): void => sync.poke();
    const changes = { added: poke, updated: poke, deleted: poke };
    const changed = (pod: Pod, old: Pod): void => {
      if (JSON.stringify(essence(pod)) !== JSON.stringify(essence(old))) sync.poke();
    };
    following = [
      policies.subscribe(changes),
      namespaces.subscribe(changes),
      pods.subscribe({ ...changes, updated: changed }),
    ];
    running = [pods.run(stop)];
    await Promise.all([policies, pods, namespaces].map((informer) => informer.whenSynced(stop)));
    await sync.run(stop);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    own.abort();
    unsubscribe();
    for (const stopFollowing of following) stopFollowing();
    await Promise.all(running);
  }
}

/** What policies look at. */
function essence({ metadata, spec, status }: Pod): object {
  const { name, namespace, labels } = metadata;
  const ports = (spec?.containers ?? []).map((container) => container.ports);
  const { nodeName, hostNetwork } = spec ?? {};
  return { name, namespace, labels, nodeName, hostNetwork, ports, phase: status?.phase, ips: status?.podIPs };
}

function slim(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = pod.metadata;
  const containers = (pod.spec?.containers ?? []).map((container) => ({
    name: container.name,
    ports: container.ports ?? [],
  }));
  const { nodeName, hostNetwork } = pod.spec ?? {};
  const { phase, podIPs } = pod.status ?? {};
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
    },
    spec: {
      containers,
      ...(nodeName !== undefined && { nodeName }),
      ...(hostNetwork !== undefined && { hostNetwork }),
    },
    status: { ...(phase !== undefined && { phase }), ...(podIPs !== undefined && { podIPs }) },
  };
}
