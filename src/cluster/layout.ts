/**
 * Where a cluster keeps things. Everything durable lies under its data directory; everything that a reboot
 * may take lies under /run. Nothing is written elsewhere but the kubeconfig.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';

export const defaultName = 'coracle';

export interface Layout {
  readonly name: string;
  readonly dataDir: string;
  readonly runDir: string;
  /** Settings that stay the same from start to start. */
  readonly settings: string;
  /** Copy of the settings while the cluster runs; tells other clusters which slot is taken. */
  readonly runningSettings: string;
  readonly pki: string;
  readonly store: string;
  readonly images: string;
  readonly logs: string;
  /** What is to become of containers when the agents are told to stop (stop-order.ts). */
  readonly stopOrder: string;
  /** Root of one node's pods, volumes and runtime state. */
  node(nodeName: string): string;
  /** What a running process says about itself. */
  state(processName: string): string;
  log(processName: string): string;
  /** Requests that came through the ingress. */
  readonly accessLog: string;
  /** How to call a command on this cluster, for hints: `coracle up --name test`. */
  command(words: string): string;
}

const defaultDataDir = (name: string): string => join('/var/lib/coracle', name);

export function layoutOf(name: string, given = defaultDataDir(name)): Layout {
  const dataDir = withoutLinks(given);
  const runDir = join('/run/coracle', name);
  const flags = [
    ...(name === defaultName ? [] : [`--name ${name}`]),
    ...(given === defaultDataDir(name) ? [] : [`--data-dir ${quoted(given)}`]),
  ];
  return {
    name,
    dataDir,
    runDir,
    settings: join(dataDir, 'cluster.json'),
    runningSettings: join(runDir, 'cluster.json'),
    stopOrder: join(runDir, 'stop-order'),
    pki: join(dataDir, 'pki'),
    store: join(dataDir, 'store'),
    images: join(dataDir, 'images'),
    logs: join(dataDir, 'logs'),
    node: (nodeName) => join(dataDir, 'nodes', nodeName),
    state: (processName) => join(runDir, `${processName}.json`),
    log: (processName) => join(dataDir, 'logs', `${processName}.log`),
    accessLog: join(dataDir, 'logs', 'access.log'),
    command: (words) => ['coracle', words, ...flags].join(' '),
  };
}

/**
 * As the kernel names it in its table of mounts, by which volumes are found again; container runtimes refuse links.
 * What is not there yet is below what is.
 */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) return path;
    return join(withoutLinks(parent), basename(path));
  }
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The cluster's context in kubeconfigs: `coracle` for the default cluster, `coracle-NAME` for others. */
export function contextName(name: string): string {
  return name === defaultName ? defaultName : `${defaultName}-${name}`;
}
