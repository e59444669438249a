import { int32, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ResourceMetricStatus = struct('io.k8s.api.autoscaling.v1.ResourceMetricStatus', '', {
  name: string(1).required(),
  currentAverageUtilization: int32(2),
  currentAverageValue: quantity(3).required(),
});
export interface ResourceMetricStatus extends Infer<typeof ResourceMetricStatus> {}
