import { of, string, struct, type Infer } from '../../schema/field.ts';
import { ContainerResourceMetricSource } from './container-resource-metric-source.ts';
import { ExternalMetricSource } from './external-metric-source.ts';
import { ObjectMetricSource } from './object-metric-source.ts';
import { PodsMetricSource } from './pods-metric-source.ts';
import { ResourceMetricSource } from './resource-metric-source.ts';

export const MetricSpec = struct('io.k8s.api.autoscaling.v1.MetricSpec', '', {
  type: string(1).enum('Object', 'Pods', 'Resource', 'ContainerResource', 'External').required(),
  object: of(2, ObjectMetricSource),
  pods: of(3, PodsMetricSource),
  resource: of(4, ResourceMetricSource),
  containerResource: of(7, ContainerResourceMetricSource),
  external: of(5, ExternalMetricSource),
});
export interface MetricSpec extends Infer<typeof MetricSpec> {}
