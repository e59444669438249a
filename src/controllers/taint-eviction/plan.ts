/** When pods must leave nodes with NoExecute taints: pure. */
import { tolerates } from '../../api/core/placement.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Taint, Toleration } from '../../api/core/taint.ts';
import { parseTimestamp } from '../../base/clock.ts';

/**
 * Milliseconds since the epoch at which the pod goes: Infinity when it may stay. `noticed`: since when the
 * taints are known here, for those that don't say when they were added.
 */
export function leavesAt({ spec, metadata }: Pod, taints: readonly Taint[], noticed: number): number {
  const tolerations = spec?.tolerations ?? [];
  const born = parseTimestamp(metadata.creationTimestamp);
  const driving = taints.filter(({ effect }) => effect === 'NoExecute');
  return Math.min(
    Infinity,
    ...driving.map((taint) => {
      // Of several that fit, the first one counts.
      const toleration = tolerations.find((each) => tolerates([each], taint));
      if (toleration === undefined) return 0;
      const since = Math.max(born, taint.timeAdded === undefined ? noticed : parseTimestamp(taint.timeAdded));
      return since + patienceOf(toleration);
    }),
  );
}

function patienceOf({ tolerationSeconds }: Toleration): number {
  return tolerationSeconds === undefined ? Infinity : Math.max(0, tolerationSeconds) * 1000;
}
