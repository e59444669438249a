import { of, string, struct, type Infer } from '../../schema/field.ts';
import { ContainerResourceMetricStatus } from './container-resource-metric-status.ts';
import { ExternalMetricStatus } from './external-metric-status.ts';
import { ObjectMetricStatus } from './object-metric-status.ts';
import { PodsMetricStatus } from './pods-metric-status.ts';
import { ResourceMetricStatus } from './resource-metric-status.ts';

export const MetricStatus = struct('io.k8s.api.autoscaling.v1.MetricStatus', '', {
  type: string(1).enum('Object', 'Pods', 'Resource', 'ContainerResource', 'External').required(),
  object: of(2, ObjectMetricStatus),
  pods: of(3, PodsMetricStatus),
  resource: of(4, ResourceMetricStatus),
  containerResource: of(7, ContainerResourceMetricStatus),
  external: of(5, ExternalMetricStatus),
});
export interface MetricStatus extends Infer<typeof MetricStatus> {}
