import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const PodsMetricSource = struct('io.k8s.api.autoscaling.v1.PodsMetricSource', '', {
  metricName: string(1).required(),
  targetAverageValue: quantity(2).required(),
  selector: of(3, LabelSelector),
});
export interface PodsMetricSource extends Infer<typeof PodsMetricSource> {}
