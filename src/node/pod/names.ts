/** How pods and containers are named towards the runtime, the file system and users. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Container, EphemeralContainer } from '../../api/core/container.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';

export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotation = {
  hash: 'io.kubernetes.container.hash',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  gracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  configSource: 'kubernetes.io/config.source',
  configHash: 'kubernetes.io/config.hash',
  configMirror: 'kubernetes.io/config.mirror',
  configSeen: 'kubernetes.io/config.seen',
} as const;

export type AnyContainer = Container | EphemeralContainer;
export type Role = 'init' | 'regular' | 'ephemeral';

export interface SpecContainer {
  readonly role: Role;
  /** An init container with restartPolicy Always: started in order, then kept running beside the others. */
  readonly sidecar: boolean;
  readonly spec: AnyContainer;
}

/** Every container of the pod: init, regular, ephemeral, in the order of the spec. */
export function containersOf(pod: Pod): readonly SpecContainer[] {
  const spec = pod.spec;
  if (spec === undefined) return [];
  const as = (role: Role, list: readonly AnyContainer[] = []): SpecContainer[] =>
    list.map((each) => ({ role, sidecar: role === 'init' && each.restartPolicy === 'Always', spec: each }));
  return [
    ...as('init', spec.initContainers),
    ...as('regular', spec.containers),
    ...as('ephemeral', spec.ephemeralContainers),
  ];
}

export function findContainer(pod: Pod, name: string): SpecContainer | undefined {
  return containersOf(pod).find((each) => each.spec.name === name);
}

export const namespaceOf = (pod: Pod): string => pod.metadata.namespace ?? 'default';

/** `name_namespace(uid)`, as upstream's messages say it. */
export const describePod = (pod: Pod): string => `${pod.metadata.name}_${namespaceOf(pod)}(${pod.metadata.uid})`;

/** `containerd://<id>`, as status shows it. */
export const containerId = ({ runtime, id }: Pick<ContainerStatus, 'runtime' | 'id'>): string => `${runtime}://${id}`;

/** What must not change under a running container. The rest of a container is immutable or resized in place. */
export function containerHash(container: AnyContainer): string {
  return createHash('sha256').update(`${container.name}\n${container.image}`).digest('hex').slice(0, 16);
}

/** Every path that a pod has on the node. */
export function podPaths(config: Pick<NodeConfig, 'rootDirectory' | 'podLogsDirectory'>, pod: Pod): PodPaths {
  const root = join(config.rootDirectory, 'pods', pod.metadata.uid);
  const folder = `${namespaceOf(pod)}_${pod.metadata.name}_${pod.metadata.uid}`;
  return {
    root,
    volumes: join(root, 'volumes'),
    hosts: join(root, 'etc-hosts'),
    logs: join(config.podLogsDirectory, folder),
    terminationLog: (name, attempt) => join(root, 'containers', name, `${attempt}`),
  };
}

export interface PodPaths {
  readonly root: string;
  readonly volumes: string;
  readonly hosts: string;
  readonly logs: string;
  terminationLog(container: string, attempt: number): string;
}

/** Where a container's log is: runtimes tell it in full or as they were told. */
export const logPath = (folder: string, path: string): string => (path.startsWith('/') ? path : join(folder, path));

/** Relative to the pod's log folder. */
export const logFile = (container: string, attempt: number): string => `${container}/${attempt}.log`;

/** Static pods come from files; the API shows a mirror of them. */
export const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[annotation.configMirror] !== undefined;
export const isStatic = (pod: Pod): boolean => {
  const source = pod.metadata.annotations?.[annotation.configSource];
  return source !== undefined && source !== 'api' && !isMirror(pod);
};
