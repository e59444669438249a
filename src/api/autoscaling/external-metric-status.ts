import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ExternalMetricStatus = struct('io.k8s.api.autoscaling.v1.ExternalMetricStatus', '', {
  metricName: string(1).required(),
  metricSelector: of(2, LabelSelector),
  currentValue: quantity(3).required(),
  currentAverageValue: quantity(4),
});
export interface ExternalMetricStatus extends Infer<typeof ExternalMetricStatus> {}
