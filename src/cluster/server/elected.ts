/**
 * Scheduler and controllers work only while this process holds their Lease: never beside others of their kind that
 * somebody runs against the same API.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { runAll, type Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { LeaderElection, LeadershipLostError } from '../../client/leader-election.ts';

export interface ElectedOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the Lease in kube-system. */
  readonly name: string;
  /**
   * Of this process, and of the one that takes its place after a crash, which then need not wait for the Lease to
   * end. There are never two: the store's file is one process's.
   */
  readonly identity: string;
}

/** Longer than upstream's: only a foreign process waits for it, and each renewal is a write to the disk. Milliseconds. */
const times = { leaseDuration: 60_000, renewDeadline: 40_000, retryPeriod: 15_000 };

/** Runs what `make` makes, anew each time that the Lease was lost and is held again. */
export function elected(options: ElectedOptions, make: () => readonly Service[]): Service {
  const { logger, name } = options;
  const term = (): LeaderElection =>
    new LeaderElection({
      ...options,
      ...times,
      namespace: 'kube-system',
      lead: (signal) => runAll(make(), signal),
      onLeader: (identity) => {
        if (identity !== options.identity)
          logger.warn('somebody else leads; waiting', { lease: name, leader: identity });
      },
    });
  return {
    name,
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await term().run(signal);
        } catch (error) {
          if (!(error instanceof LeadershipLostError)) throw error;
          logger.warn('lost the lead; trying to have it again', { lease: name });
        }
      }
    },
  };
}
