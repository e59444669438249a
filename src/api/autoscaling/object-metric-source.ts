import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { CrossVersionObjectReference } from './horizontal-pod-autoscaler.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ObjectMetricSource = struct('io.k8s.api.autoscaling.v1.ObjectMetricSource', '', {
  target: of(1, CrossVersionObjectReference).required(),
  metricName: string(2).required(),
  targetValue: quantity(3).required(),
  selector: of(4, LabelSelector),
  averageValue: quantity(5),
});
export interface ObjectMetricSource extends Infer<typeof ObjectMetricSource> {}
