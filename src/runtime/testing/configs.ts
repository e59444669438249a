/** Configurations of sandboxes and containers with which tests begin. */
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';

/** Nothing asked for, nothing taken away. */
export const plainSecurity: ContainerConfig['security'] = {
  privileged: false,
  addCapabilities: [],
  dropCapabilities: [],
  supplementalGroups: [],
  supplementalGroupsPolicy: 'Merge',
  readonlyRootfs: false,
  noNewPrivileges: false,
  seccomp: { type: 'runtimeDefault' },
  apparmor: { type: 'runtimeDefault' },
};

export function testSandbox(name: string, logDirectory: string, cgroupParent: string): SandboxConfig {
  return {
    metadata: { name, namespace: 'default', uid: name, attempt: 0 },
    hostname: name,
    logDirectory,
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent,
    sysctls: {},
    namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
    handler: '',
  };
}

export function testContainer(
  image: string,
  args: readonly string[],
  changes: Partial<ContainerConfig>,
): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image,
    userImage: 'busybox',
    command: [],
    args,
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: 'main.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: plainSecurity,
    ...changes,
  };
}
