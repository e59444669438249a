/** From a pod to the sandbox that the runtime is asked to make. Pure. */
import type { Pod } from '../../api/core/pod.ts';
import type { NamespaceOptions, PortMapping, SandboxConfig } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';
import { label, namespaceOf, podPaths } from '../pod/names.ts';
import { hostName, kernelHostname, podDns, type DnsInput } from './network-files.ts';

export interface SandboxInput {
  readonly config: NodeConfig;
  readonly pod: Pod;
  readonly attempt: number;
  readonly dns: DnsInput;
  readonly cgroupParent: string;
  /** The RuntimeClass's handler; '' for the default. */
  readonly handler: string;
  /** Ids of the pod's user namespace, when it has one. */
  readonly user: NamespaceOptions['user'];
}

export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { config, pod, attempt } = input;
  const name = hostName(pod, config.hostname, config.clusterDomain);
  return {
    metadata: { name: pod.metadata.name, namespace: namespaceOf(pod), uid: pod.metadata.uid, attempt },
    hostname: pod.spec?.hostNetwork === true ? '' : kernelHostname(pod, name),
    logDirectory: podPaths(config, pod).logs,
    dns: podDns(pod, input.dns),
    portMappings: pod.spec?.hostNetwork === true ? [] : portMappings(pod),
    labels: {
      ...pod.metadata.labels,
      [label.podName]: pod.metadata.name,
      [label.podNamespace]: namespaceOf(pod),
      [label.podUid]: pod.metadata.uid,
    },
    annotations: { ...pod.metadata.annotations },
    cgroupParent: input.cgroupParent,
    sysctls: Object.fromEntries((pod.spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    namespaces: namespaces(pod, input.user),
    handler: input.handler,
  };
}

export function namespaces(pod: Pod, user: NamespaceOptions['user']): NamespaceOptions {
  const spec = pod.spec;
  return {
    network: spec?.hostNetwork === true ? 'node' : 'pod',
    pid: spec?.hostPID === true ? 'node' : spec?.shareProcessNamespace === true ? 'pod' : 'container',
    ipc: spec?.hostIPC === true ? 'node' : 'pod',
    ...(user === undefined ? {} : { user }),
  };
}

function portMappings(pod: Pod): readonly PortMapping[] {
  const containers = [
    ...(pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
    ...(pod.spec?.containers ?? []),
  ];
  return containers
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({
      protocol: (port.protocol ?? 'TCP').toLowerCase() as PortMapping['protocol'],
      containerPort: port.containerPort,
      hostPort: port.hostPort ?? 0,
      hostIp: port.hostIP ?? '',
    }));
}
