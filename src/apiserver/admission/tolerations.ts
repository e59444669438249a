/**
 * Tolerations that pods get unasked, and the taint that a node is born with.
 *
 * Upstream: plugin/pkg/admission/{defaulttolerationseconds,extendedresourcetoleration,nodetaint}/admission.go.
 */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Taint, Toleration } from '../../api/core/taint.ts';
import { deepEqual, type Mutable } from '../../schema/freeze.ts';
import type { AdmissionPlugin } from '../access.ts';
import { containersOf, podOf, writes, type PodDraft } from './request.ts';

type Tolerations = Mutable<Toleration>[];

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

/** Pods stay this many seconds on a node that fails. */
export function defaultTolerationSeconds(seconds = 300): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    handles: writes(Pod, 'CREATE', 'UPDATE'),
    admit(request) {
      const pod = podOf(request);
      const present = pod.spec?.tolerations ?? [];
      const added: Tolerations = [notReady, unreachable]
        .filter((key) => !present.some((each) => evicts(each, key)))
        .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }));
      if (added.length > 0 && pod.spec !== undefined) pod.spec.tolerations = [...present, ...added];
    },
  };
}

function evicts({ key = '', effect }: Toleration, wanted: string): boolean {
  return (key === wanted || key === '') && (effect === undefined || effect === 'NoExecute');
}

/** A new node takes no pods before its conditions have been seen. */
export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: 'TaintNodesByCondition',
    handles: writes(Node, 'CREATE'),
    admit(request) {
      const node = request.object as unknown as Mutable<Node>;
      const taints: Mutable<Taint>[] = node.spec?.taints ?? [];
      if (taints.some(({ key, effect }) => key === notReady && effect === 'NoSchedule')) return;
      node.spec = { ...node.spec, taints: [...taints, { key: notReady, effect: 'NoSchedule' }] };
    },
  };
}

/** Nodes with rare devices are tainted with the device's name; pods that ask for it may go there. */
export function extendedResourceToleration(): AdmissionPlugin {
  return {
    name: 'ExtendedResourceToleration',
    handles: writes(Pod, 'CREATE', 'UPDATE'),
    admit(request) {
      const pod = podOf(request);
      const added: Tolerations = extendedResources(pod).map((key) => ({ key, operator: 'Exists' }));
      if (added.length > 0 && pod.spec !== undefined) {
        pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], added);
      }
    },
  };
}

function extendedResources(pod: PodDraft): readonly string[] {
  const names = containersOf(pod).flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
  return [...new Set(names)].filter(isExtendedResource).toSorted();
}

/** A name of a vendor: not one of Kubernetes' own, and not that of a quota. */
export function isExtendedResource(name: string): boolean {
  return name.includes('/') && !/^(?:[^/]*\.)?kubernetes\.io\//u.test(name) && !name.startsWith('requests.');
}

/** Both lists, without tolerations that are there already. */
export function mergeTolerations(present: Tolerations, added: Tolerations): Tolerations {
  return [...present, ...added.filter((each) => !present.some((other) => deepEqual(other, each)))];
}
