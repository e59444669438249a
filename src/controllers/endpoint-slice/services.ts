/** Which Services a change of a pod concerns. */
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import { keyOf, type CacheReader } from '../../client/cache.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';

export function servicesOf(services: CacheReader<Service>, pod: Pod, old: Pod | undefined): readonly string[] {
  if (old !== undefined && !concernsEndpoints(pod, old)) return [];
  return services
    .list({ namespace: pod.metadata.namespace })
    .filter(({ spec }) => {
      const selector = spec?.selector ?? {};
      if (Object.keys(selector).length === 0) return false;
      return [pod, old].some((each) => each !== undefined && matches(selectorOfMap(selector), each.metadata.labels));
    })
    .map(keyOf);
}

/** Status heartbeats and the like change no endpoint. */
function concernsEndpoints(pod: Pod, old: Pod): boolean {
  return fingerprint(pod) !== fingerprint(old);
}

function fingerprint({ metadata, spec, status }: Pod): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return JSON.stringify([
    metadata.labels,
    metadata.deletionTimestamp,
    spec?.nodeName,
    spec?.hostname,
    status?.phase,
    status?.podIP,
    status?.podIPs,
    ready,
  ]);
}
