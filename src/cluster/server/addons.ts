/**
 * System workloads as real objects: the service proxy as a DaemonSet, DNS as a Deployment. Their containers
 * are programs of the node agent, run through a runtime handler of its own. Created when they are absent, so
 * that what users change stays changed.
 */
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Deployment } from '../../api/apps/deployment.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { ServiceAccount } from '../../api/core/service-account.ts';
import { Service } from '../../api/core/service.ts';
import { simulatedNode } from '../../api/core/simulated-node.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { IngressClass } from '../../api/networking/ingress-class.ts';
import { RuntimeClass } from '../../api/node/runtime-class.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { isAlreadyExists, isNotFound, type Client } from '../../client/client.ts';
import { defaultCorefile } from '../../dns/dns-server.ts';
import { builtinRepository } from '../../image/images.ts';
import { className, controllerName } from '../../ingress/classes.ts';
import { localPathProvisioner } from '../../node/local-path.ts';
import { builtinHandler } from '../../runtime/oci/oci-runtime.ts';
import { coracleVersion } from '../version.ts';

const namespace = 'kube-system';
const image = (name: string): string => `${builtinRepository}${name}:${coracleVersion}`;

/** On the Nodes of machines that have joined. */
export const joinedLabel = 'coracle.dev/joined';

/** Simulated ones have no packets to forward. */
const realNodes = {
  nodeSelectorTerms: [{ matchExpressions: [{ key: simulatedNode, operator: 'DoesNotExist' }] }],
} as const;

export interface AddonSettings {
  readonly clusterDomain: string;
  /** Address of the Service kube-dns. */
  readonly dnsAddress: string;
}

export async function ensureAddons(client: Client, settings: AddonSettings): Promise<void> {
  await ensure(client, RuntimeClass, {
    metadata: { name: builtinHandler },
    handler: builtinHandler,
  });
  await ensure(client, StorageClass, {
    metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: localPathProvisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  });
  await ensureLocalPath(client);
  await ensureIngress(client);
  await ensure(client, ServiceAccount, { metadata: { name: 'coracle-simulated-nodes', namespace } });
  await ensureProxy(client);
  await ensureDns(client, settings);
}

/**
 * The agents of this machine make volumes by themselves. One on a machine that has joined has no identity for that
 * but a pod's, so there it is a container.
 */
async function ensureLocalPath(client: Client): Promise<void> {
  const name = 'local-path-provisioner';
  await ensure(client, ServiceAccount, { metadata: { name, namespace } });
  const { metadata, spec } = daemon(name);
  const { template } = spec;
  await ensure(client, DaemonSet, {
    metadata,
    spec: { ...spec, template: { ...template, spec: { ...template.spec, nodeSelector: { [joinedLabel]: 'true' } } } },
  });
}

/** The ingress is a process of its own, not a pod, with an account all the same. */
async function ensureIngress(client: Client): Promise<void> {
  const account = { name: 'coracle-ingress', namespace };
  await ensure(client, IngressClass, {
    metadata: { name: className, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: controllerName },
  });
  await ensure(client, ServiceAccount, { metadata: account });
}

async function ensureProxy(client: Client): Promise<void> {
  await ensure(client, ServiceAccount, { metadata: { name: 'kube-proxy', namespace } });
  await ensure(client, DaemonSet, daemon('kube-proxy'));
}

/** A built-in program on every node, whatever the node's taints, under the service account of its name. */
function daemon(name: string) {
  const labels = { 'k8s-app': name };
  return {
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: {
          runtimeClassName: builtinHandler,
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          // Its token is mounted: on a machine that has joined, the node may ask for those only that a pod names.
          serviceAccountName: name,
          tolerations: [{ operator: 'Exists' }],
          affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: realNodes } },
          containers: [{ name, image: image(name), imagePullPolicy: 'IfNotPresent', command: [name] }],
        },
      },
    },
  } as const satisfies Draft<DaemonSet>;
}

async function ensureDns(client: Client, { clusterDomain, dnsAddress }: AddonSettings): Promise<void> {
  const labels = { 'k8s-app': 'kube-dns' };
  const account = { name: 'coredns', namespace };
  await ensure(client, ServiceAccount, { metadata: account });
  await ensure(client, ConfigMap, {
    metadata: { name: 'coredns', namespace },
    data: { Corefile: defaultCorefile(clusterDomain) },
  });
  await ensure(client, Service, {
    metadata: {
      name: 'kube-dns',
      namespace,
      labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      selector: labels,
      clusterIP: dnsAddress,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
        { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
      ],
    },
  });
  await ensure(client, Deployment, dnsDeployment(labels));
}

function dnsDeployment(labels: Readonly<Record<string, string>>): Draft<Deployment> {
  const probe = (path: string, port: number): object => ({ httpGet: { path, port, scheme: 'HTTP' } });
  return {
    metadata: { name: 'coredns', namespace, labels: { ...labels, 'kubernetes.io/name': 'CoreDNS' } },
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          runtimeClassName: builtinHandler,
          priorityClassName: 'system-cluster-critical',
          serviceAccountName: 'coredns',
          dnsPolicy: 'Default',
          tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
          containers: [
            {
              name: 'coredns',
              image: image('coredns'),
              imagePullPolicy: 'IfNotPresent',
              command: ['coredns'],
              env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
              ports: [
                { name: 'dns', containerPort: 53, protocol: 'UDP' },
                { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
                { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
              ],
              // Quick until it answers, slow from then on.
              startupProbe: { ...probe('/ready', 8181), periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: { ...probe('/ready', 8181), periodSeconds: 10 },
              livenessProbe: {
                ...probe('/health', 8080),
                initialDelaySeconds: 60,
                timeoutSeconds: 5,
                failureThreshold: 5,
              },
            },
          ],
        },
      },
    },
  };
}

async function ensure<T extends KubernetesObject>(client: Client, kind: Kind<T>, object: Draft<T>): Promise<void> {
  try {
    await client.get(kind, { namespace: object.metadata.namespace, name: object.metadata.name ?? '' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(kind, object).catch((failure: unknown) => {
      if (!isAlreadyExists(failure)) throw failure;
    });
  }
}
