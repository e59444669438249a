import { int32, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ResourceMetricSource = struct('io.k8s.api.autoscaling.v1.ResourceMetricSource', '', {
  name: string(1).required(),
  targetAverageUtilization: int32(2),
  targetAverageValue: quantity(3),
});
export interface ResourceMetricSource extends Infer<typeof ResourceMetricSource> {}
