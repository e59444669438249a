/** ReplicationControllers, and the counts that their status shares with a ReplicaSet's. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import type { Editable } from '../rules/draft.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { ReplicationControllerSpec } from './replication-controller.ts';
import { podTemplateFaults } from './validate-pod-template.ts';

/** Labels of the template stand in for a selector and for labels of the controller's own. */
export function selectorFromTemplate(draft: Record<string, unknown>): void {
  const controller = draft as { metadata?: Editable<ObjectMeta>; spec?: Editable<ReplicationControllerSpec> };
  const labels = controller.spec?.template?.metadata?.labels;
  if (labels === undefined || controller.spec === undefined) return;
  if (Object.keys(controller.spec.selector ?? {}).length === 0) controller.spec.selector = { ...labels };
  const metadata = (controller.metadata ??= {});
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

export function controllerFaults(spec: Loose<ReplicationControllerSpec>): Fault[] {
  const selector = Object.entries(spec.selector ?? {});
  return [
    ...nonNegativeFaults('spec.minReadySeconds', spec.minReadySeconds),
    ...(selector.length === 0 ? [required('spec.selector')] : []),
    ...nonNegativeFaults('spec.replicas', spec.replicas),
    ...templateFaults(spec.template, selector),
  ];
}

function templateFaults(
  template: Loose<ReplicationControllerSpec>['template'],
  selector: readonly (readonly [string, string | undefined])[],
): Fault[] {
  const path = 'spec.template';
  if (template === undefined) return [required(path)];
  const labels = template.metadata?.labels;
  const policy = template.spec?.restartPolicy;
  const text = 'activeDeadlineSeconds in ReplicationController is not Supported';
  return [
    ...(selector.every(([key, value]) => labels?.[key] === value)
      ? []
      : [invalid(`${path}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`')]),
    ...podTemplateFaults(template, path),
    ...(policy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, policy ?? '', ['Always'])]),
    ...(template.spec?.activeDeadlineSeconds === undefined
      ? []
      : [forbidden(`${path}.spec.activeDeadlineSeconds`, text)]),
  ];
}

interface ReplicaStatus {
  readonly replicas?: number | undefined;
  readonly fullyLabeledReplicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly observedGeneration?: number | undefined;
}

const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;

export function replicaStatusFaults(status: ReplicaStatus): Fault[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const counts = ['replicas', ...parts, 'observedGeneration'] as const;
  return [
    ...counts.flatMap((field) => nonNegativeFaults(`status.${field}`, status[field])),
    ...parts
      .filter((field) => (status[field] ?? 0) > replicas)
      .map((field) => invalid(`status.${field}`, status[field], 'cannot be greater than status.replicas')),
    ...(availableReplicas > readyReplicas
      ? [invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas')]
      : []),
  ];
}
