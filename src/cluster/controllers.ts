/** All controllers of a cluster, put together. */
import type { Kind } from '../api/kind.ts';
import type { Service } from '../base/service.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import type { Dependencies } from '../controllers/dependencies.ts';
import { daemonSetController } from '../controllers/daemon-set/controller.ts';
import { deploymentController } from '../controllers/deployment/controller.ts';
import { endpointSliceController } from '../controllers/endpoint-slice/controller.ts';
import { endpointsController } from '../controllers/endpoints/controller.ts';
import { jobController } from '../controllers/job/controller.ts';
import { garbageCollector } from '../controllers/garbage-collector/controller.ts';
import { namespaceController } from '../controllers/namespace/controller.ts';
import { nodeIpamController } from '../controllers/node-ipam/controller.ts';
import { persistentVolumeControllers } from '../controllers/persistent-volume/controller.ts';
import { replicaSetController, replicationControllerController } from '../controllers/replica-set/controller.ts';
import { rootCaController } from '../controllers/root-ca/controller.ts';
import { serviceAccountController } from '../controllers/service-account/controller.ts';
import { statefulSetController } from '../controllers/stateful-set/controller.ts';
import { claimProtectionController, volumeProtectionController } from '../controllers/volume-protection/controller.ts';
import type { ClusterSettings } from './settings.ts';

export interface ControllersOptions extends Dependencies {
  readonly settings: ClusterSettings;
  /** PEM of the certificate authority that pods trust. */
  readonly authority: string;
  /** All kinds that are served now. */
  readonly kinds: () => readonly Kind[];
}

export function controllersOf(options: ControllersOptions): readonly Service[] {
  const stored = (): readonly Kind[] =>
    options
      .kinds()
      .filter((kind) => kind.virtual !== true && kind.conversion === undefined && kind.verbs === undefined);
  const events = (component: string): EventRecorder => new EventRecorder({ ...options, component });
  const collectorEvents = events('garbage-collector-controller');
  const ipamEvents = events('cidrAllocator');
  const replicaSetEvents = events('replicaset-controller');
  const replicationEvents = events('replication-controller');
  const daemonSetEvents = events('daemonset-controller');
  const statefulSetEvents = events('statefulset-controller');
  const volumeEvents = events('persistentvolume-controller');
  const jobEvents = events('job-controller');
  const deploymentEvents = events('deployment-controller');
  return [
    collectorEvents,
    ipamEvents,
    replicaSetEvents,
    replicationEvents,
    deploymentEvents,
    daemonSetEvents,
    deploymentController(options, deploymentEvents),
    daemonSetController(options, daemonSetEvents),
    statefulSetEvents,
    jobEvents,
    ...jobController(options, jobEvents),
    statefulSetController(options, statefulSetEvents),
    replicaSetController(options, replicaSetEvents),
    replicationControllerController(options, replicationEvents),
    namespaceController(options, () => stored().filter(({ scope }) => scope === 'Namespaced')),
    garbageCollector(options, collectorEvents, stored().filter(isCollected)),
    serviceAccountController(options),
    volumeEvents,
    ...persistentVolumeControllers(options, volumeEvents),
    claimProtectionController(options),
    volumeProtectionController(options),
    rootCaController(options, options.authority),
    nodeIpamController(options, ipamEvents, options.settings.podCidr),
    endpointSliceController(options),
    endpointsController(options),
  ];
}

/** Events own nothing, are owned by nothing, and are many. */
function isCollected({ kind }: Kind): boolean {
  return kind !== 'Event';
}
