/** What each pod of a StatefulSet is called, and which claims are its own. */
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import type { ControllerRevision } from '../../api/apps/controller-revision.ts';
import type { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import type { Draft } from '../../api/kind.ts';
import { controllerReference } from '../workload/ownership.ts';
import { podFromTemplate } from '../workload/pods.ts';
import { revisionHashLabel } from '../workload/revisions.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The pod's number; undefined when its name is not one that the set gives. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = pod.metadata.name.startsWith(prefix) ? pod.metadata.name.slice(prefix.length) : '';
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined;
}

export function firstOrdinal(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

/** Whether the set is to have a pod of this number; all others are scaled away. */
export function isWanted(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(set, pod);
  const start = firstOrdinal(set);
  return ordinal !== undefined && ordinal >= start && ordinal < start + (set.spec?.replicas ?? 1);
}

/** By these labels Services and others find one pod of the set. */
export function identityLabels(set: StatefulSet, ordinal: number): Readonly<Record<string, string>> {
  return { [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** The template that a revision stands for. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { spec } = revision.data as {
    readonly spec: { readonly template: PodTemplateSpec & { readonly $patch?: string } };
  };
  const { $patch: _directive, ...template } = spec.template;
  return template;
}

/** The claims of one pod, by the templates' names. */
export function claimsFor(set: StatefulSet, ordinal: number): readonly Draft<PersistentVolumeClaim>[] {
  const labels = set.spec?.selector.matchLabels;
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      name: `${template.metadata.name}-${podName(set, ordinal)}`,
      ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
      labels: { ...template.metadata.labels, ...labels },
      ...(template.metadata.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  }));
}

export function draftOf(set: StatefulSet, ordinal: number, revision: ControllerRevision): Draft<Pod> {
  const name = podName(set, ordinal);
  const template = templateOf(revision);
  const pod = podFromTemplate(template, set.metadata.namespace, { name }, controllerReference(StatefulSet, set));
  const own = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }));
  const taken = new Set(own.map((volume) => volume.name));
  const others = (template.spec?.volumes ?? []).filter((volume) => !taken.has(volume.name));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        ...identityLabels(set, ordinal),
        [revisionHashLabel]: revision.metadata.name,
      },
    },
    ...(pod.spec === undefined
      ? {}
      : {
          spec: { ...pod.spec, hostname: name, subdomain: set.spec?.serviceName ?? '', volumes: [...own, ...others] },
        }),
  };
}

export function revisionNameOf(pod: Pod): string {
  return pod.metadata.labels?.[revisionHashLabel] ?? '';
}
