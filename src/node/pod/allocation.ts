/**
 * Resources that the node has granted to a pod. A resize that does not fit is not made: the pod runs on with what
 * it had, and its conditions say so.
 */
import type { PodCondition } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';

export interface ResizeVerdict {
  /** Infeasible: never on this node. Deferred: not now. */
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
}

export class Allocation {
  readonly #check: (pod: Pod) => ResizeVerdict | undefined;
  #granted: Pod;
  #pending: ResizeVerdict | undefined;
  #failure: string | undefined;

  constructor(pod: Pod, check: (pod: Pod) => ResizeVerdict | undefined) {
    this.#granted = pod;
    this.#check = check;
  }

  /** The pod with the resources that it has been granted. */
  granted(pod: Pod): Pod {
    if (pod === this.#granted) return pod;
    if (resourcesOf(pod) === resourcesOf(this.#granted)) {
      this.#pending = undefined;
      return (this.#granted = pod);
    }
    this.#pending = this.#check(pod);
    if (this.#pending === undefined) return (this.#granted = pod);
    return withResourcesOf(pod, this.#granted);
  }

  /** A resize waits for room. */
  get isDeferred(): boolean {
    return this.#pending?.reason === 'Deferred';
  }

  /** The runtime could not make the change; undefined when it could. */
  actuated(failure: string | undefined): void {
    this.#failure = failure;
  }

  conditions(): readonly PodCondition[] {
    const conditions: PodCondition[] = [];
    if (this.#pending !== undefined) conditions.push({ type: 'PodResizePending', status: 'True', ...this.#pending });
    if (this.#failure !== undefined) {
      conditions.push({ type: 'PodResizeInProgress', status: 'True', reason: 'Error', message: this.#failure });
    }
    return conditions;
  }
}

/** Text that is equal when the resources of all containers are. */
function resourcesOf(pod: Pod): string {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return JSON.stringify([pod.spec?.resources, all.map(({ name, resources }) => [name, resources])]);
}

type Containers = NonNullable<NonNullable<Pod['spec']>['containers']>;

function withResourcesOf(pod: Pod, other: Pod): Pod {
  const { spec } = pod;
  if (spec === undefined) return pod;
  const replace = (list: Containers, from: Containers = []): Containers =>
    list.map((each) => ({ ...each, resources: from.find((one) => one.name === each.name)?.resources ?? {} }));
  return {
    ...pod,
    spec: {
      ...spec,
      containers: replace(spec.containers, other.spec?.containers),
      ...(spec.initContainers === undefined
        ? {}
        : { initContainers: replace(spec.initContainers, other.spec?.initContainers) }),
      ...(other.spec?.resources === undefined ? {} : { resources: other.spec.resources }),
    },
  };
}
