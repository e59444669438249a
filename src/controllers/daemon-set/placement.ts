/** On which nodes a DaemonSet's pods belong, and what makes a pod stay on its node. */
import type { DaemonSet } from '../../api/apps/daemon-set.ts';
import { requiredNodes, tolerates } from '../../api/core/placement.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { PodSpec } from '../../api/core/pod-spec.ts';
import type { PodTemplateSpec } from '../../api/core/pod-template-spec.ts';
import type { Toleration } from '../../api/core/taint.ts';

export interface Verdict {
  /** A pod should be started there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
}

/** Daemons run on nodes that are not well: that is often what they are for. */
export function daemonTolerations(spec: PodSpec | undefined): readonly Toleration[] {
  const exists = (key: string, effect: 'NoSchedule' | 'NoExecute'): Toleration => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect,
  });
  return [
    exists('not-ready', 'NoExecute'),
    exists('unreachable', 'NoExecute'),
    exists('disk-pressure', 'NoSchedule'),
    exists('memory-pressure', 'NoSchedule'),
    exists('pid-pressure', 'NoSchedule'),
    exists('unschedulable', 'NoSchedule'),
    ...(spec?.hostNetwork === true ? [exists('network-unavailable', 'NoSchedule')] : []),
  ];
}

/** Judges nodes, of which there may be thousands: what is asked of them is worked out once. */
export function judgeOf({ spec: set }: DaemonSet): (node: Node) => Verdict {
  const spec = set?.template.spec;
  const isMeant = meantFor(spec);
  const tolerations = [...(spec?.tolerations ?? []), ...daemonTolerations(spec)];
  return (node) => {
    if (!isMeant(node)) return { run: false, stay: false };
    const untolerated = (node.spec?.taints ?? []).filter((taint) => !tolerates(tolerations, taint));
    return {
      run: untolerated.every(({ effect }) => effect === 'PreferNoSchedule'),
      stay: untolerated.every(({ effect }) => effect !== 'NoExecute'),
    };
  };
}

function meantFor(spec: PodSpec | undefined): (node: Node) => boolean {
  const { nodeName = '' } = spec ?? {};
  const required = requiredNodes(spec);
  return ({ metadata: { name, labels = {} } }) =>
    (nodeName === '' || nodeName === name) && (required === undefined || required({ name, labels }));
}

/** The template as it is for one node: the scheduler can put it nowhere else. `labels`: what tells its revision. */
export function templateFor(
  template: PodTemplateSpec,
  nodeName: string,
  labels: Readonly<Record<string, string>>,
): PodTemplateSpec {
  const { spec } = template;
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
    ...(spec === undefined
      ? {}
      : { spec: { ...spec, affinity: affinityTo(nodeName, spec.affinity), tolerations: tolerationsOf(spec) } }),
  };
}

/** The node was chosen with the template's own terms: beside its name they would only count a second time. */
function affinityTo(nodeName: string, affinity: PodSpec['affinity']): NonNullable<PodSpec['affinity']> {
  const matchFields = [{ key: 'metadata.name', operator: 'In' as const, values: [nodeName] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
  };
}

/** The template's and every daemon's: one that says the same but for its seconds gives way to the daemons'. */
function tolerationsOf(spec: PodSpec): readonly Toleration[] {
  const added = daemonTolerations(spec);
  const own = spec.tolerations ?? [];
  return [
    ...own.map((toleration) => added.find((each) => isSameToleration(each, toleration)) ?? toleration),
    ...added.filter((each) => !own.some((toleration) => isSameToleration(each, toleration))),
  ];
}

function isSameToleration(one: Toleration, other: Toleration): boolean {
  return (
    one.key === other.key &&
    one.effect === other.effect &&
    one.operator === other.operator &&
    (one.value ?? '') === (other.value ?? '')
  );
}

/** The node that a daemon pod is on, or is meant for while it waits to be scheduled; empty when none can be told. */
export function nodeOf({ spec }: Pod): string {
  const { nodeName = '' } = spec ?? {};
  if (nodeName !== '') return nodeName;
  return spec === undefined ? '' : nodeAskedFor(spec);
}

function nodeAskedFor({ affinity }: PodSpec): string {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = (required?.nodeSelectorTerms ?? []).flatMap(({ matchFields = [] }) => matchFields);
  const named = fields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  const [name = '', ...others] = named?.values ?? [];
  return others.length === 0 ? name : '';
}
