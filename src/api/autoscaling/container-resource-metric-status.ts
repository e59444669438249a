import { int32, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ContainerResourceMetricStatus = struct('io.k8s.api.autoscaling.v1.ContainerResourceMetricStatus', '', {
  name: string(1).required(),
  currentAverageUtilization: int32(2),
  currentAverageValue: quantity(3).required(),
  container: string(4).required(),
});
export interface ContainerResourceMetricStatus extends Infer<typeof ContainerResourceMetricStatus> {}
