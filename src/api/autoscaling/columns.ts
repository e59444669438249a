/** The rows of `kubectl get hpa`. */
import { canonicalQuantity } from '../../schema/quantity.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
  ResourceMetricSource,
} from './v2/horizontal-pod-autoscaler.ts';

interface Row extends KubernetesObject {
  readonly spec?: Loose<HorizontalPodAutoscalerSpec>;
  readonly status?: Loose<HorizontalPodAutoscalerStatus>;
}

/** So many metrics fit into the table; the rest is counted. */
const shownMetrics = 2;

type Target = Loose<MetricTarget>;
type Current = Loose<MetricValueStatus> | undefined;

const unknown = '<unknown>';
const amount = (text: string | undefined, absent: string): string =>
  text === undefined ? absent : canonicalQuantity(text);
const percent = (value: number | undefined, absent: string): string => (value === undefined ? absent : `${value}%`);

type Cell = (spec: Loose<MetricSpec>, status: Loose<MetricStatus> | undefined) => string;

const metricCells: Readonly<Record<string, Cell>> = {
  External: ({ external }, status) => valueCell(external?.target ?? {}, status?.external?.current),
  Object: ({ object }, status) => valueCell(object?.target ?? {}, status?.object?.current),
  Pods: ({ pods }, status) =>
    `${amount(status?.pods?.current?.averageValue, unknown)}/${amount(pods?.target?.averageValue, '0')}`,
  Resource: ({ resource }, status) => resourceCell(resource ?? {}, status?.resource?.current),
  ContainerResource: ({ containerResource }, status) =>
    resourceCell(containerResource ?? {}, status?.containerResource?.current),
};

const metricCell: Cell = (spec, status) => metricCells[spec.type ?? '']?.(spec, status) ?? '<unknown type>';

function valueCell(target: Target, current: Current): string {
  if (target.averageValue !== undefined) {
    return `${amount(current?.averageValue, unknown)}/${canonicalQuantity(target.averageValue)} (avg)`;
  }
  return `${amount(current?.value, unknown)}/${amount(target.value, '0')}`;
}

function resourceCell({ name, target = {} }: Loose<ResourceMetricSource>, current: Current): string {
  const [now, goal] =
    target.averageValue === undefined
      ? [percent(current?.averageUtilization, unknown), percent(target.averageUtilization, '<auto>')]
      : [amount(current?.averageValue, unknown), canonicalQuantity(target.averageValue)];
  return `${name ?? ''}: ${now}/${goal}`;
}

function targets({ spec, status }: Row): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const cells = metrics.map((metric, index) => metricCell(metric, status?.currentMetrics?.[index]));
  const shown = cells.slice(0, shownMetrics).join(', ');
  return cells.length > shownMetrics ? `${shown} + ${cells.length - shownMetrics} more...` : shown;
}

export const autoscalerColumns: readonly Column<Row>[] = [
  nameColumn,
  {
    name: 'Reference',
    type: 'string',
    doc: 'What it scales.',
    value: ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
  },
  { name: 'Targets', type: 'string', doc: 'Metrics as they are, and as they should be.', value: targets },
  {
    name: 'MinPods',
    type: 'string',
    doc: 'Fewest pods.',
    value: ({ spec }) => (spec?.minReplicas === undefined ? '<unset>' : `${spec.minReplicas}`),
  },
  { name: 'MaxPods', type: 'string', doc: 'Most pods.', value: ({ spec }) => spec?.maxReplicas ?? 0 },
  { name: 'Replicas', type: 'string', doc: 'Pods that it sees.', value: ({ status }) => status?.currentReplicas ?? 0 },
  ageColumn,
];
