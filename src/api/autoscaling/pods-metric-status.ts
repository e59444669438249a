import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const PodsMetricStatus = struct('io.k8s.api.autoscaling.v1.PodsMetricStatus', '', {
  metricName: string(1).required(),
  currentAverageValue: quantity(2).required(),
  selector: of(3, LabelSelector),
});
export interface PodsMetricStatus extends Infer<typeof PodsMetricStatus> {}
