/** A Deployment's status and conditions, in upstream's words: a pure function of its ReplicaSets. */
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../api/apps/deployment.ts';
import type { ReplicaSet } from '../../api/apps/replica-set.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { availableOf, limitsOf, replicasOf, sum, wantedReplicas } from './replica-sets.ts';

export interface Progress {
  readonly status: DeploymentStatus;
  /** Milliseconds until the progress deadline, when it runs. */
  readonly after?: number;
}

type Wanted = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

const progressing = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): Wanted => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

/** The reason that a rollout was complete. */
const complete = 'NewReplicaSetAvailable';

/** Upstream's "no deadline" is the largest number that fits. */
const noDeadline = 2 ** 31 - 1;

export function progressOf(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  now: number,
): Progress {
  const counts = countsOf(deployment, young, old);
  const failure = [...(young === undefined ? [] : [young]), ...old]
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure');
  const { wanted, after } = progressCondition(deployment, counts, young, now);
  const conditions = [
    availability(deployment, counts),
    ...(failure === undefined ? [] : [failure as Wanted]),
    ...(wanted === undefined ? [] : [wanted]),
  ];
  return {
    status: { ...counts, conditions: merged(deployment, conditions, hasMoved(deployment, counts), now) },
    ...(after === undefined ? {} : { after }),
  };
}

type Counts = Omit<DeploymentStatus, 'conditions'>;

function countsOf(deployment: Deployment, young: ReplicaSet | undefined, old: readonly ReplicaSet[]): Counts {
  const all = [...old, ...(young === undefined ? [] : [young])];
  const available = sum(all, availableOf);
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: young?.status?.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - available),
    terminatingReplicas: sum(all, ({ status }) => status?.terminatingReplicas ?? 0),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

function availability(deployment: Deployment, { availableReplicas = 0 }: Counts): Wanted {
  const enough = availableReplicas >= wantedReplicas(deployment) - limitsOf(deployment).maxUnavailable;
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

export function isComplete(deployment: Deployment, counts: Counts): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    counts.updatedReplicas === wanted &&
    counts.replicas === wanted &&
    counts.availableReplicas === wanted &&
    (counts.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

interface Judged {
  readonly wanted?: Wanted;
  /** Milliseconds until it has to be judged again. */
  readonly after?: number;
}

function progressCondition(deployment: Deployment, counts: Counts, young: ReplicaSet | undefined, now: number): Judged {
  const present = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  const deadline = (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  if (deadline === noDeadline * 1000) return {};
  if (deployment.spec?.paused === true && present?.reason !== 'ProgressDeadlineExceeded')
    return { wanted: progressing('Unknown', 'DeploymentPaused', 'Deployment is paused') };
  if (present?.reason === 'DeploymentPaused') {
    return { wanted: progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'), after: deadline };
  }
  return judge(deployment, counts, young, present, deadline, now);
}

function judge(
  deployment: Deployment,
  counts: Counts,
  young: ReplicaSet | undefined,
  present: DeploymentCondition | undefined,
  deadline: number,
  now: number,
): Judged {
  const subject =
    young === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${young.metadata.name}"`;
  // A complete rollout that is scaled is no new one: nothing progresses, and no deadline runs.
  if (present?.reason === complete && isAllNew(counts)) return { wanted: present };
  if (isComplete(deployment, counts)) {
    return { wanted: progressing('True', complete, `${subject} has successfully progressed.`) };
  }
  if (present === undefined) return { wanted: firstCondition(deployment, young), after: deadline };
  if (hasMoved(deployment, counts)) {
    return { wanted: progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`), after: deadline };
  }
  if (present.reason === complete) return begun(deployment, young, present, deadline);
  const left = parseTimestamp(present.lastUpdateTime ?? '') + deadline - now;
  if (left > 0) return { wanted: present, after: Math.max(1_000, left) };
  return { wanted: progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`) };
}

function isAllNew({ replicas, updatedReplicas }: Counts): boolean {
  return replicas === updatedReplicas;
}

/** The rollout before was complete: that may be long ago, and the clock of this one starts now. */
function begun(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  present: DeploymentCondition,
  deadline: number,
): Judged {
  const waitsForOld = young === undefined && deployment.spec?.strategy?.type === 'Recreate';
  return waitsForOld ? { wanted: present } : { wanted: firstCondition(deployment, young), after: deadline };
}

function firstCondition(deployment: Deployment, young: ReplicaSet | undefined): Wanted {
  return young === undefined
    ? progressing(
        'True',
        'NewReplicaSetCreated',
        `Created new replica set for deployment "${deployment.metadata.name}"`,
      )
    : progressing('True', 'NewReplicaSetCreated', `Created new replica set "${young.metadata.name}"`);
}

/** Whether pods have been updated, have gone, or have become ready or available since the last status. */
function hasMoved({ status }: Deployment, counts: Counts): boolean {
  const before = figuresOf(status ?? {});
  const after = figuresOf(counts);
  return (
    after.updated > before.updated ||
    after.old < before.old ||
    after.ready > before.ready ||
    after.available > before.available
  );
}

function figuresOf({
  updatedReplicas: updated = 0,
  replicas = 0,
  readyReplicas: ready = 0,
  availableReplicas: available = 0,
}: Counts) {
  return { updated, old: replicas - updated, ready, available };
}

/** Keeps times of what has not changed; progress renews the time of its condition. */
function merged(
  deployment: Deployment,
  wanted: readonly Wanted[],
  moved: boolean,
  now: number,
): readonly DeploymentCondition[] {
  const stamp = timestamp(now);
  return wanted.map((each) => {
    const present = deployment.status?.conditions?.find(({ type }) => type === each.type);
    const times = timesOf(present, stamp);
    if (present?.status !== each.status) return { ...each, lastUpdateTime: stamp, lastTransitionTime: stamp };
    const renewed = present.reason !== each.reason || (moved && each.reason === 'ReplicaSetUpdated');
    return { ...each, ...times, ...(renewed ? { lastUpdateTime: stamp } : {}) };
  });
}

function timesOf(condition: DeploymentCondition | undefined, stamp: string) {
  const { lastUpdateTime = stamp, lastTransitionTime = stamp } = condition ?? {};
  return { lastUpdateTime, lastTransitionTime };
}
