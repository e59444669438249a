/** Where the runtime keeps things. What must survive a reboot (records, exit codes, writable layers) apart from what must not. */
import { join } from 'node:path';

export interface RuntimePaths {
  readonly sandboxes: string;
  readonly containers: string;
  /** conmon writes exit codes here; watched. */
  readonly exits: string;
  /** The OCI runtime's own state. */
  readonly runtimeRoot: string;
  /** Attach sockets; short, since a socket's path has 107 bytes at most. */
  readonly attach: string;
  /** Bind mounts that hold ipc and uts namespaces. */
  readonly namespaces: string;
  sandbox(id: string): string;
  container(id: string): ContainerPaths;
  /** A network namespace under the name that `ip netns` knows it by. */
  networkNamespace(id: string): string;
}

export interface ContainerPaths {
  readonly root: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** Images mounted as volumes. */
  readonly images: string;
  readonly upper: string;
  readonly work: string;
  readonly pidFile: string;
  readonly conmonPidFile: string;
  readonly oomFile: string;
  readonly controlFifo: string;
  readonly exitFile: string;
  readonly runtimeState: string;
  readonly execFifo: string;
  readonly runtimeLog: string;
  readonly attachSocket: string;
}

/** The id by which conmon and the OCI runtime know a container. */
export function shortId(id: string): string {
  return id.slice(0, 32);
}

export interface PathOptions {
  readonly stateDir: string;
  readonly runDir: string;
  /** Names what lies in folders that other clusters use, too. */
  readonly prefix: string;
}

export function runtimePaths({ stateDir, runDir, prefix }: PathOptions): RuntimePaths {
  const exits = join(stateDir, 'exits');
  const runtimeRoot = join(runDir, 'oci');
  const attach = join(runDir, 'attach');
  const containers = join(stateDir, 'containers');
  const sandboxes = join(stateDir, 'sandboxes');
  return {
    sandboxes,
    containers,
    exits,
    runtimeRoot,
    attach,
    namespaces: join(runDir, 'ns'),
    sandbox: (id) => join(sandboxes, id),
    networkNamespace: (id) => join('/run/netns', `${prefix}-${id.slice(0, 12)}`),
    container(id) {
      const root = join(containers, id);
      const bundle = join(root, 'bundle');
      const runtimeState = join(runtimeRoot, shortId(id));
      return {
        root,
        bundle,
        rootfs: join(root, 'rootfs'),
        images: join(root, 'images'),
        upper: join(root, 'upper'),
        work: join(root, 'work'),
        pidFile: join(bundle, 'pid'),
        conmonPidFile: join(bundle, 'conmon.pid'),
        oomFile: join(bundle, 'oom'),
        controlFifo: join(bundle, 'ctl'),
        exitFile: join(exits, shortId(id)),
        runtimeState,
        execFifo: join(runtimeState, 'exec.fifo'),
        runtimeLog: join(bundle, 'runtime.log'),
        attachSocket: join(attach, shortId(id), 'attach'),
      };
    },
  };
}
