/**
 * Certificates that are renewed while everything runs. The server renews the files when their end comes near
 * (credentials.ts says when); whoever serves with one takes the new file for new connections, and clients read
 * their files for every new connection anyway.
 */
import { statSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';

const hour = 3_600_000;

export interface RenewalOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes what is about to end; the names of what was made. */
  readonly renew: () => Promise<readonly string[]>;
}

export function certificateRenewal({ clock, logger, renew }: RenewalOptions): Service {
  return hourly('certificate renewal', clock, logger, async () => {
    const made = await renew();
    if (made.length > 0) logger.info('certificates were renewed', { names: made });
  });
}

/** Calls `take` when one of the files has changed since this was made. */
export function certificateReload(
  { clock, logger }: Pick<RenewalOptions, 'clock' | 'logger'>,
  files: readonly string[],
  take: () => void,
): Service {
  const stamp = (): string => files.map((file) => statSync(file).mtimeMs).join(' ');
  let known = stamp();
  return hourly('certificate reload', clock, logger, () => {
    const present = stamp();
    if (present === known) return;
    take();
    known = present;
    logger.info('certificates were read again', { files });
  });
}

/** What fails is tried again an hour later: there are weeks left. */
function hourly(name: string, clock: Clock, logger: Logger, work: () => void | Promise<void>): Service {
  return {
    name,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await clock.sleep(hour, signal);
          await work();
        } catch (error) {
          if (signal.aborted || isAbort(error)) return;
          logger.warn(`${name} failed and will be tried again`, { error: messageOf(error) });
        }
      }
    },
  };
}
