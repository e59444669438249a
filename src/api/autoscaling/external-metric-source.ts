import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ExternalMetricSource = struct('io.k8s.api.autoscaling.v1.ExternalMetricSource', '', {
  metricName: string(1).required(),
  metricSelector: of(2, LabelSelector),
  targetValue: quantity(3),
  targetAverageValue: quantity(4),
});
export interface ExternalMetricSource extends Infer<typeof ExternalMetricSource> {}
