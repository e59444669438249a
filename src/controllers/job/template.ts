/** The pod that a job starts. */
import { Job } from '../../api/batch/job.ts';
import type { Container } from '../../api/core/container.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import type { Draft } from '../../api/kind.ts';
import { controllerReference } from '../workload/ownership.ts';
import { podFromTemplate } from '../workload/pods.ts';
import { failureCount, ignoredFailureCount, indexAnnotation, isIndexed, trackingFinalizer } from './job-pods.ts';
import type { NewPod } from './manage.ts';

const indexVariable = 'JOB_COMPLETION_INDEX';
/** Generated names end in five letters, and have 63 at most. */
const longestPrefix = 58;

export function podFor(job: Job, pod: NewPod): Draft<Pod> {
  const { name, namespace } = job.metadata;
  const template = job.spec?.template ?? {};
  const owner = controllerReference(Job, job);
  const draft = podFromTemplate(
    isIndexed(job) && pod.index !== undefined ? indexed(job, template, { ...pod, index: pod.index }) : template,
    namespace,
    { generateName: pod.index === undefined ? `${name}-` : indexedPrefix(name, pod.index) },
    owner,
  );
  const finalizers = [...new Set([...(draft.metadata.finalizers ?? []), trackingFinalizer])];
  return { ...draft, metadata: { ...draft.metadata, finalizers } };
}

/** The index stays whole in the pod's name. */
function indexedPrefix(name: string, index: number): string {
  const end = `-${index}-`;
  return `${name.slice(0, longestPrefix - end.length)}${end}`;
}

function indexed(
  job: Job,
  template: PodTemplateSpec,
  { index, failures }: NewPod & { readonly index: number },
): PodTemplateSpec {
  const { metadata, spec } = template;
  const annotations = {
    ...metadata?.annotations,
    [indexAnnotation]: String(index),
    ...(failures !== undefined && { [failureCount]: String(failures.counted) }),
    ...((failures?.ignored ?? 0) > 0 && { [ignoredFailureCount]: String(failures?.ignored) }),
  };
  const labels = { ...metadata?.labels, [indexAnnotation]: String(index) };
  return {
    ...template,
    metadata: { ...metadata, annotations, labels },
    ...(spec !== undefined && {
      spec: {
        ...spec,
        hostname: `${job.metadata.name}-${index}`,
        containers: spec.containers.map(withIndexVariable),
        ...(spec.initContainers !== undefined && { initContainers: spec.initContainers.map(withIndexVariable) }),
      },
    }),
  };
}

function withIndexVariable(container: Container): Container {
  if (container.env?.some(({ name }) => name === indexVariable) === true) return container;
  const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` };
  return { ...container, env: [...(container.env ?? []), { name: indexVariable, valueFrom: { fieldRef } }] };
}
