/** The metrics API: kinds that the usage sampler, which comes later than the API server, answers. */
import type { Kind } from '../../api/kind.ts';
import { NodeMetrics, PodMetrics } from '../../api/metrics/usage.ts';
import type { ComputedKind } from '../../apiserver/server-types.ts';
import type { UsageSampler } from '../../controllers/usage/sampler.ts';

export const usageKinds: readonly Kind[] = [NodeMetrics, PodMetrics];

export class UsageFigures {
  #sampler: UsageSampler | undefined;

  show(sampler: UsageSampler): void {
    this.#sampler = sampler;
  }

  readonly computed: readonly (readonly [string, ComputedKind])[] = [
    ['metrics.k8s.io/nodes', { list: () => (this.#sampler?.nodes() ?? []).map((each) => ({ ...each })) }],
    [
      'metrics.k8s.io/pods',
      { list: (namespace) => (this.#sampler?.pods(namespace) ?? []).map((each) => ({ ...each })) },
    ],
  ];
}
