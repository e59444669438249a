/**
 * Certificates that are renewed while everything runs. The server renews the files when their end comes near
 * (credentials.ts says when); whoever serves with one takes the new file for new connections, and clients read
 * their files for every new connection anyway.
 */
import { statSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Service } from '../../base/service.ts';

const hour = 3_600_000;

export interface RenewalOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds for which certificates are good: short-lived ones are looked at more often than once an hour. */
  readonly lifetime: number;
  /** Makes what is about to end; the names of what was made. */
  readonly renew: () => Promise<readonly string[]>;
}

export function certificateRenewal({ clock, logger, lifetime, renew }: RenewalOptions): Service {
  return repeatedly('certificate renewal', { clock, logger, lifetime }, async () => {
    const made = await renew();
    if (made.length > 0) logger.info('certificates were renewed', { names: made });
  });
}

/** Calls `take` when one of the files has changed since this was made. */
export function certificateReload(
  { clock, logger, lifetime }: Omit<RenewalOptions, 'renew'>,
  files: readonly string[],
  take: () => void,
): Service {
  const stamp = (): string => files.map((file) => statSync(file).mtimeMs).join(' ');
  let known = stamp();
  return repeatedly('certificate reload', { clock, logger, lifetime }, () => {
    const present = stamp();
    if (present === known) return;
    take();
    known = present;
    logger.info('certificates were read again', { files });
  });
}

/** Looks per life of a certificate: several of them fall into the sixth in which it is renewed. */
const looks = 30;

/** What fails is tried again at the next look: there are weeks left. */
function repeatedly(
  name: string,
  { clock, logger, lifetime }: Omit<RenewalOptions, 'renew'>,
  work: () => void | Promise<void>,
): Service {
  const pause = Math.min(hour, lifetime / looks);
  return {
    name,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await clock.sleep(pause, signal);
          await work();
        } catch (error) {
          if (signal.aborted || isAbort(error)) return;
          logger.warn(`${name} failed and will be tried again`, { error: messageOf(error) });
        }
      }
    },
  };
}
