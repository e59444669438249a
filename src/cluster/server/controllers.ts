/** All controllers of a cluster, put together. */
import type { Kind } from '../../api/kind.ts';
import type { Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { Dependencies } from '../../controllers/dependencies.ts';
import { tokenCleaner } from '../../controllers/bootstrap-token/cleaner.ts';
import { bootstrapSigner } from '../../controllers/bootstrap-token/signer.ts';
import { certificateControllers } from '../../controllers/certificates/controller.ts';
import { clusterRoleAggregation } from '../../controllers/cluster-role-aggregation/controller.ts';
import { daemonSetController } from '../../controllers/daemon-set/controller.ts';
import { deploymentController } from '../../controllers/deployment/controller.ts';
import { endpointSliceMirroringController } from '../../controllers/endpoint-slice-mirroring/controller.ts';
import { endpointSliceController } from '../../controllers/endpoint-slice/controller.ts';
import { cronJobController } from '../../controllers/cron-job/controller.ts';
import { disruptionController } from '../../controllers/disruption/controller.ts';
import { staleTargetsController } from '../../controllers/disruption/stale-targets.ts';
import { horizontalPodAutoscalerController } from '../../controllers/horizontal-pod-autoscaler/controller.ts';
import { nodeLifecycleController } from '../../controllers/node-lifecycle/controller.ts';
import { podGarbageCollector } from '../../controllers/pod-garbage-collector/controller.ts';
import { taintEvictionController } from '../../controllers/taint-eviction/controller.ts';
import { ttlAfterFinishedController } from '../../controllers/ttl-after-finished/controller.ts';
import { endpointsController } from '../../controllers/endpoints/controller.ts';
import { jobController } from '../../controllers/job/controller.ts';
import { garbageCollector } from '../../controllers/garbage-collector/controller.ts';
import { namespaceController } from '../../controllers/namespace/controller.ts';
import { nodeIpamController } from '../../controllers/node-ipam/controller.ts';
import { attachDetachController } from '../../controllers/attach-detach/controller.ts';
import { ephemeralVolumeController } from '../../controllers/ephemeral-volume/controller.ts';
import { volumeExpandController } from '../../controllers/volume-expand/controller.ts';
import { localPathProvisioner } from '../../node/local-path.ts';
import { persistentVolumeControllers } from '../../controllers/persistent-volume/controller.ts';
import { replicaSetController, replicationControllerController } from '../../controllers/replica-set/controller.ts';
import { resourceQuotaController } from '../../controllers/resource-quota/controller.ts';
import { rootCaController } from '../../controllers/root-ca/controller.ts';
import { tokenSecretController, type SecretToken } from '../../controllers/service-account-token/controller.ts';
import { serviceAccountController } from '../../controllers/service-account/controller.ts';
import { statefulSetController } from '../../controllers/stateful-set/controller.ts';
import { createLoadBalancerController } from '../../proxy/load-balancer.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from '../../controllers/volume-protection/controller.ts';
import type { KeyPair } from '../../pki/certificate.ts';
import type { ClusterSettings } from '../settings/settings.ts';

export interface ControllersOptions extends Dependencies {
  /** The API as a service account of kube-system sees it: each controller has one, with its own rights. */
  readonly clientAs: (account: string) => Client;
  readonly settings: ClusterSettings;
  /** PEM of the certificate authority that pods trust. */
  readonly authority: string;
  /** The same with its key, which signs certificate requests. */
  readonly signer: () => KeyPair;
  /** Tokens for Secrets that ask for one by their type. */
  readonly issueToken: (token: SecretToken) => Promise<string>;
  /** All kinds that are served now. */
  readonly kinds: () => readonly Kind[];
}

export function controllersOf(options: ControllersOptions): readonly Service[] {
  const stored = (): readonly Kind[] =>
    options
      .kinds()
      .filter((kind) => kind.virtual !== true && kind.conversion === undefined && kind.verbs === undefined);
  const as = (account: string): ControllersOptions => ({ ...options, client: options.clientAs(account) });
  const recorders: EventRecorder[] = [];
  const events = (component: string, account = component): EventRecorder => {
    const recorder = new EventRecorder({ ...as(account), component });
    recorders.push(recorder);
    return recorder;
  };
  const controllers: readonly Service[] = [
    deploymentController(as('deployment-controller'), events('deployment-controller')),
    replicaSetController(as('replicaset-controller'), events('replicaset-controller')),
    replicationControllerController(as('replication-controller'), events('replication-controller')),
    daemonSetController(as('daemon-set-controller'), events('daemonset-controller', 'daemon-set-controller')),
    statefulSetController(as('statefulset-controller'), events('statefulset-controller')),
    ...jobController(as('job-controller'), events('job-controller')),
    cronJobController(as('cronjob-controller'), events('cronjob-controller')),
    ttlAfterFinishedController(as('ttl-after-finished-controller')),
    horizontalPodAutoscalerController(
      as('horizontal-pod-autoscaler'),
      events('horizontal-pod-autoscaler'),
      options.kinds,
    ),
    disruptionController(
      as('disruption-controller'),
      events('controllermanager', 'disruption-controller'),
      options.kinds,
    ),
    staleTargetsController(as('disruption-controller')),
    nodeLifecycleController(as('node-controller'), events('node-controller')),
    nodeIpamController(as('node-controller'), events('cidrAllocator', 'node-controller'), options.settings.podCidr),
    taintEvictionController(as('node-controller'), events('taint-eviction-controller', 'node-controller')),
    podGarbageCollector(as('pod-garbage-collector')),
    garbageCollector(
      as('generic-garbage-collector'),
      events('garbage-collector-controller', 'generic-garbage-collector'),
      stored().filter(isCollected),
    ),
    namespaceController(as('namespace-controller'), () => stored().filter(({ scope }) => scope === 'Namespaced')),
    resourceQuotaController(as('resourcequota-controller'), stored),
    clusterRoleAggregation(as('clusterrole-aggregation-controller')),
    ...certificateControllers(as('certificate-controller'), options.signer),
    tokenCleaner(as('token-cleaner')),
    bootstrapSigner(as('bootstrap-signer')),
    tokenSecretController({ ...options, issue: options.issueToken }),
    serviceAccountController(as('service-account-controller')),
    rootCaController(as('root-ca-cert-publisher'), options.authority),
    ...storageControllers(as, events),
    endpointSliceController(
      as('endpointslice-controller'),
      events('endpoint-slice-controller', 'endpointslice-controller'),
    ),
    endpointSliceMirroringController(
      as('endpointslicemirroring-controller'),
      events('endpoint-slice-mirroring-controller', 'endpointslicemirroring-controller'),
    ),
    endpointsController(as('endpoint-controller'), events('endpoint-controller')),
    createLoadBalancerController({
      ...as('service-controller'),
      log: options.logger,
      pool: [options.settings.loadBalancerPool],
    }),
  ];
  return [...recorders, ...controllers];
}

function storageControllers(
  as: (account: string) => ControllersOptions,
  events: (component: string, account?: string) => EventRecorder,
): readonly Service[] {
  return [
    ...persistentVolumeControllers(
      as('persistent-volume-binder'),
      events('persistentvolume-controller', 'persistent-volume-binder'),
    ),
    ephemeralVolumeController(
      as('ephemeral-volume-controller'),
      events('ephemeral_volume', 'ephemeral-volume-controller'),
    ),
    volumeExpandController(as('expand-controller'), events('volume_expand', 'expand-controller'), {
      ownProvisioner: localPathProvisioner,
    }),
    attachDetachController(as('attachdetach-controller'), events('attachdetach-controller')),
    claimProtectionController(as('pvc-protection-controller')),
    volumeProtectionController(as('pv-protection-controller')),
    attributesClassProtectionController(as('volumeattributesclass-protection-controller')),
  ];
}

/** Events own nothing, are owned by nothing, and are many. */
function isCollected({ kind }: Kind): boolean {
  return kind !== 'Event';
}
