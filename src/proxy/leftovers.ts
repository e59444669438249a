/** Forgets what the kernel remembers of endpoints that left: UDP flows and session affinity. */
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { CommandError, type CommandRunner } from '../network/command.ts';
import type { Nft } from '../network/nft.ts';
import { targetMap } from './ruleset.ts';
import type { Leftovers } from './proxy-state.ts';

const affinityMaps = ([4, 6] as const).flatMap((family) =>
  ['tcp', 'udp', 'sctp'].map((protocol) => targetMap('affinity', family, protocol)),
);

export interface Forgetter {
  forget(leftovers: Leftovers): Promise<void>;
}

/** Beyond this many single flows to delete, all UDP flows of the node's services are deleted at once. */
const mostDeletions = 64;

export function createForgetter(options: {
  readonly run: CommandRunner;
  readonly nft: Nft;
  readonly table: string;
  readonly log: Logger;
}): Forgetter {
  const { run, nft, table, log } = options;
  let conntrackMissing = false;

  const conntrack = async (args: readonly string[]): Promise<void> => {
    if (conntrackMissing) return;
    try {
      // It exits with 1 when nothing matched, which is as good.
      await run('conntrack', ['-D', '-p', 'udp', ...args]);
    } catch (error) {
      if (error instanceof CommandError && error.code === 'ENOENT') {
        conntrackMissing = true;
        log.warn(
          'the program conntrack is not installed: UDP flows to endpoints that are gone last until they time out',
        );
      } else {
        log.warn('could not delete UDP flows', { error: messageOf(error) });
      }
    }
  };

  const forgetFlows = async (flows: Leftovers['udp']): Promise<void> => {
    if (flows.length > mostDeletions) return conntrack(['--dst-nat']);
    for (const { front, target } of flows) {
      const family = (front.ip ?? target ?? '').includes(':') ? ['-f', 'ipv6'] : [];
      const address = front.ip === undefined ? [] : ['--orig-dst', front.ip];
      const to = target === undefined ? [] : ['--dst-nat', target];
      await conntrack([...family, ...address, '--orig-port-dst', String(front.port), ...to]);
    }
  };

  const forgetPicks = async (targets: ReadonlySet<string>): Promise<void> => {
    for (const set of affinityMaps) {
      const picks = await nft.readSet(table, set);
      const stale = [...(picks ?? [])].filter(([, target]) => targets.has(target)).map(([key]) => key);
      // One that expires in between would fail a common transaction, so each has its own.
      for (const key of stale) {
        await nft
          .apply(`delete element inet ${table} ${set} { ${key} }\n`)
          .catch((error: unknown) => log.debug('a pick expired before it was deleted', { error: messageOf(error) }));
      }
    }
  };

  return {
    async forget({ udp, affinity }) {
      if (udp.length > 0) await forgetFlows(udp);
      if (affinity.length > 0) await forgetPicks(new Set(affinity));
    },
  };
}
