/** Deployments: applies plan.ts to ReplicaSets. */
import { Deployment } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Draft } from '../../api/kind.ts';
import { messageOf } from '../../base/errors.ts';
import { byController, keyOf, refOf } from '../../client/cache.ts';
import { isAlreadyExists, isNotFound } from '../../client/client.ts';
import { Controller, watching, watchingOwned, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { selectorOf } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import { OwnWrites } from '../workload/own-writes.ts';
import {
  candidatesOf,
  claimsOf,
  controllerOf,
  controllerReference,
  indexOwners,
  settleClaims,
} from '../workload/ownership.ts';
import { restOf } from '../workload/pods.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import { planDeployment, type Step } from './plan.ts';
import {
  hashLabel,
  inheritedAnnotations,
  newSetOf,
  replicasOf,
  revisionAnnotation,
  scaleAnnotations,
} from './replica-sets.ts';

export function deploymentController(deps: Dependencies, events: Events): Controller {
  return new DeploymentManager(deps, events).controller();
}

class DeploymentManager {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #writes: OwnWrites<ReplicaSet>;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#deployments = deps.informers.of(Deployment);
    this.#sets = deps.informers.of(ReplicaSet);
    this.#writes = new OwnWrites(deps.client, ReplicaSet, this.#sets);
    this.#pods = deps.informers.of(Pod);
    indexOwners(this.#sets);
    this.#pods.addIndex('controller', byController);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'deployment',
        sources: [
          watching(this.#deployments),
          watchingOwned(this.#sets, 'Deployment'),
          // Recreate waits for the last pod to end.
          watching(this.#pods, ({ type, object }) => (type === 'deleted' ? this.#keysOfPod(object) : [])),
        ],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  #keysOfPod(pod: Pod): readonly string[] {
    const owner = controllerOf(pod);
    const set = owner?.kind === 'ReplicaSet' ? this.#sets.getByUid(owner.uid) : undefined;
    const deployment = set === undefined ? undefined : controllerOf(set);
    return deployment === undefined
      ? []
      : [keyOf({ metadata: { name: deployment.name, namespace: pod.metadata.namespace ?? '' } })];
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const deployment = this.#deployments.get(refOf(key));
    if (deployment?.spec === undefined) {
      this.#writes.forget(key);
      return {};
    }
    // What was scaled but is not yet seen would be counted as it was, and somebody else would get its room.
    if (!(await this.#writes.seen(key))) return {};
    const { client, clock } = this.#deps;
    const claims = claimsOf(deployment, selectorOf(deployment.spec.selector), candidatesOf(this.#sets, deployment));
    const sets = await settleClaims(client, Deployment, deployment, ReplicaSet, claims);
    const plan = planDeployment(
      deployment,
      sets,
      ({ metadata }) => this.#pods.by('controller', metadata.uid),
      clock.now(),
    );
    note(plan);
    for (const step of plan.steps) await this.#apply(deployment, step);
    const reported = await writeStatus(client, Deployment, deployment, plan.status);
    return { ...soonest(plan, reported), rest: restOf(plan.status.replicas ?? 0) };
  }

  async #apply(deployment: Deployment, step: Step): Promise<void> {
    const { client } = this.#deps;
    switch (step.type) {
      case 'create':
        return await this.#create(deployment, step);
      case 'scale':
        return await this.#scale(deployment, step.set, step.replicas);
      case 'adjust': {
        const patch = { metadata: { annotations: step.annotations }, spec: { minReadySeconds: step.minReadySeconds } };
        return void (await this.#patch(deployment, step.set, patch).catch(unlessGone));
      }
      case 'mark-revision': {
        const patch = { metadata: { annotations: { [revisionAnnotation]: step.revision } } };
        return void (await client.patch(Deployment, deployment.metadata, patch, { type: 'merge' }).catch(unlessGone));
      }
      case 'remove':
        return await client
          .delete(ReplicaSet, step.set.metadata, { preconditions: { uid: step.set.metadata.uid } })
          .catch(unlessGone);
    }
  }

  #patch(deployment: Deployment, { metadata }: ReplicaSet, patch: object): Promise<ReplicaSet> {
    const write = (): Promise<ReplicaSet> => this.#deps.client.patch(ReplicaSet, metadata, patch, { type: 'merge' });
    return this.#writes.making(keyOf(deployment), metadata, write);
  }

  async #create(deployment: Deployment, step: Extract<Step, { type: 'create' }>): Promise<void> {
    const { client } = this.#deps;
    try {
      const draft = draftOf(deployment, step);
      const ref = { namespace: deployment.metadata.namespace, name: step.name };
      await this.#writes.making(keyOf(deployment), ref, () => client.create(ReplicaSet, draft));
    } catch (error) {
      if (isTerminating(error)) return;
      if (isAlreadyExists(error)) return await this.#resolveCollision(deployment, step.name);
      this.#events.warning(
        Deployment,
        deployment,
        'ReplicaSetCreateError',
        `Failed to create new replica set "${step.name}": ${messageOf(error)}`,
      );
      throw error;
    }
    if (step.replicas > 0) this.#announce(deployment, 'up', step.name, 0, step.replicas);
  }

  /** A foreign set has the name: another hash, counted in the status, makes another name. */
  async #resolveCollision(deployment: Deployment, name: string): Promise<void> {
    const { client } = this.#deps;
    const present = await client.get(ReplicaSet, { namespace: deployment.metadata.namespace, name });
    // Our own, not yet in the cache.
    if (controllerOf(present)?.uid === deployment.metadata.uid && newSetOf(deployment, [present]) !== undefined) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client.update(
      Deployment,
      { ...deployment, status: { ...deployment.status, collisionCount } },
      { subresource: 'status' },
    );
  }

  async #scale(deployment: Deployment, set: ReplicaSet, replicas: number): Promise<void> {
    const { resourceVersion, annotations } = set.metadata;
    const before = replicasOf(set);
    // With the version, so that a stale cache changes nothing.
    const metadata = { resourceVersion, annotations: { ...annotations, ...scaleAnnotations(deployment) } };
    try {
      await this.#patch(deployment, set, { metadata, spec: { replicas } });
    } catch (error) {
      return unlessGone(error);
    }
    this.#announce(deployment, replicas > before ? 'up' : 'down', set.metadata.name, before, replicas);
  }

  #announce(deployment: Deployment, direction: 'up' | 'down', name: string, from: number, to: number): void {
    this.#events.normal(
      Deployment,
      deployment,
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${name} from ${from} to ${to}`,
    );
  }
}

function draftOf(
  deployment: Deployment,
  { name, hash, replicas, revision }: Extract<Step, { type: 'create' }>,
): Draft<ReplicaSet> {
  const { namespace } = deployment.metadata;
  const { selector, template = {}, minReadySeconds } = deployment.spec ?? { selector: {} };
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: {
        ...inheritedAnnotations(deployment),
        ...scaleAnnotations(deployment),
        [revisionAnnotation]: revision,
      },
      ownerReferences: [controllerReference(Deployment, deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
