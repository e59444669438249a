/** Pod templates, as the workload kinds embed them. */
import { forbidden, type Fault } from '../../schema/fault.ts';
import { annotationFaults } from '../meta/validate-object-meta.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { PodTemplateSpec } from './pod-template-spec.ts';
import { podSpecFaults } from './validate-pod-spec.ts';

/** Upstream names a template's labels without `metadata` in the path. */
export function podTemplateFaults(template: Loose<PodTemplateSpec>, path: string): Fault[] {
  const { metadata, spec } = template;
  return [
    ...labelFaults(metadata?.labels, `${path}.labels`),
    ...annotationFaults(metadata?.annotations, `${path}.annotations`),
    ...podSpecFaults(spec ?? {}, `${path}.spec`),
    ...((spec?.ephemeralContainers ?? []).length === 0
      ? []
      : [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]),
  ];
}
