/** The kinds that `coracle why` can tell about, by what users call them. */

export interface ExplainedKind {
  readonly kind: string;
  /** Below the API's root, such as `apis/apps/v1`. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** The controller whose plan is shown. */
  readonly controller: string;
}

const core = 'api/v1';
const apps = 'apis/apps/v1';
const batch = 'apis/batch/v1';

function kind(
  name: string,
  root: string,
  plural: string,
  { controller = name.toLowerCase(), namespaced = true } = {},
): ExplainedKind {
  return { kind: name, root, plural, namespaced, controller };
}

const known: readonly (readonly [ExplainedKind, ...short: string[]])[] = [
  [kind('Deployment', apps, 'deployments'), 'deploy'],
  [kind('ReplicaSet', apps, 'replicasets'), 'rs'],
  [kind('ReplicationController', core, 'replicationcontrollers'), 'rc'],
  [kind('DaemonSet', apps, 'daemonsets'), 'ds'],
  [kind('StatefulSet', apps, 'statefulsets'), 'sts'],
  [kind('Job', batch, 'jobs')],
  [kind('CronJob', batch, 'cronjobs'), 'cj'],
  [
    kind('HorizontalPodAutoscaler', 'apis/autoscaling/v2', 'horizontalpodautoscalers', {
      controller: 'horizontalpodautoscaling',
    }),
    'hpa',
  ],
  [kind('PodDisruptionBudget', 'apis/policy/v1', 'poddisruptionbudgets', { controller: 'disruption' }), 'pdb'],
  [kind('Service', core, 'services', { controller: 'endpointslice' }), 'svc'],
  [kind('PersistentVolumeClaim', core, 'persistentvolumeclaims', { controller: 'persistentvolume-binder' }), 'pvc'],
  [
    kind('PersistentVolume', core, 'persistentvolumes', {
      controller: 'persistentvolume-reclaimer',
      namespaced: false,
    }),
    'pv',
  ],
  [kind('Namespace', core, 'namespaces', { namespaced: false }), 'ns'],
  [kind('Node', core, 'nodes', { controller: 'nodelifecycle', namespaced: false }), 'no'],
];

const byName = new Map(
  known.flatMap(([each, ...short]) =>
    [each.kind.toLowerCase(), each.plural, ...short].map((name) => [name, each] as const),
  ),
);

export const explainedKinds: readonly ExplainedKind[] = known.map(([each]) => each);

/** Undefined: nobody tells about it. */
export function explainedKind(name: string): ExplainedKind | undefined {
  // `apps/deployments.apps` and the like are what kubectl prints.
  return byName.get(name.replace(/\..*$/, ''));
}
