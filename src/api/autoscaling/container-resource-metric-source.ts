import { int32, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ContainerResourceMetricSource = struct('io.k8s.api.autoscaling.v1.ContainerResourceMetricSource', '', {
  name: string(1).required(),
  targetAverageUtilization: int32(2),
  targetAverageValue: quantity(3),
  container: string(5).required(),
});
export interface ContainerResourceMetricSource extends Infer<typeof ContainerResourceMetricSource> {}
