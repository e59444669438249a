/** Deletes jobs some time after their end, with their pods. */
import { Job } from '../../api/batch/job.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';

export function ttlAfterFinishedController(deps: Dependencies): Controller {
  const { client, clock } = deps;
  const jobs = deps.informers.of(Job);
  return new Controller(
    {
      name: 'ttl-after-finished',
      sources: [watching(jobs)],
      reconcile: async (key) => {
        const job = jobs.get(refOf(key));
        const at = job === undefined ? undefined : expiresAt(job);
        if (job === undefined || at === undefined) return {};
        if (at > clock.now()) return { after: at - clock.now() };
        try {
          // A look at the present, because the time to live may have been prolonged.
          const live = await client.get(Job, job.metadata);
          if (live.metadata.uid !== job.metadata.uid || (expiresAt(live) ?? Infinity) > clock.now()) return {};
          const { uid, resourceVersion } = live.metadata;
          const preconditions = { uid, resourceVersion };
          await client.delete(Job, job.metadata, { propagationPolicy: 'Foreground', preconditions });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
          if (isConflict(error)) return { after: 100 };
        }
        return {};
      },
    },
    deps,
  );
}

/** Milliseconds since the epoch; undefined while it runs, or when it is to stay. */
export function expiresAt({ metadata, spec, status }: Job): number | undefined {
  const { ttlSecondsAfterFinished: seconds } = spec ?? {};
  if (seconds === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const end = status?.conditions?.find(
    ({ type, status: holds }) => (type === 'Complete' || type === 'Failed') && holds === 'True',
  );
  return end?.lastTransitionTime === undefined ? undefined : parseTimestamp(end.lastTransitionTime) + seconds * 1000;
}
