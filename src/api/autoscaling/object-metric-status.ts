import { of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { CrossVersionObjectReference } from './horizontal-pod-autoscaler.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const ObjectMetricStatus = struct('io.k8s.api.autoscaling.v1.ObjectMetricStatus', '', {
  target: of(1, CrossVersionObjectReference).required(),
  metricName: string(2).required(),
  currentValue: quantity(3).required(),
  selector: of(4, LabelSelector),
  averageValue: quantity(5),
});
export interface ObjectMetricStatus extends Infer<typeof ObjectMetricStatus> {}
