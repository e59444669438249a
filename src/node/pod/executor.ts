/** Carries out a plan's actions for one pod. */
import { statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import type {
  ContainerConfig,
  ContainerStatus,
  ImageInfo,
  SandboxConfig,
  SandboxStatus,
} from '../../runtime/runtime.ts';
import { containerConfig } from '../container/container-config.ts';
import { hostName, hostsFile } from '../container/network-files.ts';
import { sandboxConfig } from '../container/sandbox-config.ts';
import type { PreparedVolumes } from '../volumes/volume.ts';
import type { PodDeps } from './deps.ts';
import { environmentFileKey } from './env-file.ts';
import type { PodRuntime } from './history.ts';
import { logPath, podPaths, type SpecContainer } from './names.ts';
import type { Action, KillReason } from './plan.ts';
import { stopAll, stopContainer } from './stop.ts';
import { WaitingError } from './waiting-error.ts';

export interface ActionContext {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly sandbox: SandboxStatus | undefined;
  readonly volumes: PreparedVolumes;
  readonly podIps: readonly string[];
  readonly signal: AbortSignal;
}

type StartAction = Extract<Action, { type: 'startContainer' }>;

/** Throws WaitingError for a container that cannot start, anything else for the pod. */
export async function execute(deps: PodDeps, action: Action, context: ActionContext): Promise<void> {
  switch (action.type) {
    case 'stopSandbox':
      return stopSandbox(deps, action.sandbox, context);
    case 'createSandbox':
      return createSandbox(deps, action.attempt, context);
    case 'killContainer':
      return killContainer(deps, action.container, action.reason, context);
    case 'resizeContainer':
      return deps.runtime.updateContainerResources(action.container.id, action.resources);
    case 'removeContainer':
      return removeContainer(deps, context.pod, action.container);
    case 'startContainer':
      return startContainer(deps, action, context);
  }
}

async function stopSandbox(deps: PodDeps, sandbox: SandboxStatus, context: ActionContext): Promise<void> {
  const { pod } = context;
  deps.events.pod(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
  const containers = context.runtime.containers.filter((each) => each.sandboxId === sandbox.id);
  const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
  await stopAll(deps, { sandboxes: [], containers }, { pod, podIp: context.podIps[0] ?? '', grace });
  await deps.runtime.stopPodSandbox(sandbox.id);
}

async function createSandbox(deps: PodDeps, attempt: number, context: ActionContext): Promise<void> {
  const { pod } = context;
  deps.timeline.mark(pod, 'prepared');
  try {
    await mkdir(podPaths(deps.config, pod).logs, { recursive: true });
    const handler = await deps.handler(pod);
    const id = await deps.starts.run(context.signal, () =>
      deps.runtime.runPodSandbox(configOfSandbox(deps, pod, attempt, handler)),
    );
    const status = await deps.runtime.podSandboxStatus(id);
    await writeHosts(deps, pod, status?.ips ?? []);
    deps.timeline.mark(pod, 'sandbox');
  } catch (error) {
    if (context.signal.aborted || isAbort(error)) throw error;
    const message = `Failed to create pod sandbox: ${messageOf(error)}`;
    deps.events.pod(pod, 'Warning', 'FailedCreatePodSandBox', message);
    throw error;
  }
}

function configOfSandbox(deps: PodDeps, pod: Pod, attempt: number, handler: string): SandboxConfig {
  return sandboxConfig({
    config: deps.config,
    pod,
    attempt,
    handler,
    dns: deps.dns(),
    cgroupParent: deps.cgroups.parentOf(pod),
    user: deps.userNamespace(pod),
  });
}

/** In place, since containers have the file itself mounted. */
async function writeHosts(deps: PodDeps, pod: Pod, sandboxIps: readonly string[]): Promise<void> {
  const { hosts } = podPaths(deps.config, pod);
  const ips = pod.spec?.hostNetwork === true ? deps.config.addresses : sandboxIps;
  await mkdir(dirname(hosts), { recursive: true });
  const name = hostName(pod, deps.config.hostname, deps.config.clusterDomain);
  await writeFile(hosts, hostsFile(pod, name, ips, await deps.nodeHosts()), { mode: 0o644 });
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

const killMessages: Readonly<Record<KillReason, (name: string) => string | undefined>> = {
  definitionChanged: (name) => `Container ${name} definition changed, will be restarted`,
  livenessFailed: (name) => `Container ${name} failed liveness probe, will be restarted`,
  startupFailed: (name) => `Container ${name} failed startup probe, will be restarted`,
  resized: (name) => `Container ${name} resize requires restart`,
  surplus: () => undefined,
};

async function killContainer(
  deps: PodDeps,
  container: ContainerStatus,
  reason: KillReason,
  context: ActionContext,
): Promise<void> {
  const { pod } = context;
  const message = killMessages[reason](container.name);
  const grace = probeGrace(pod, container.name, reason) ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
  await stopContainer(deps, container, {
    pod,
    podIp: context.podIps[0] ?? '',
    grace,
    ...(message === undefined ? {} : { message }),
  });
}

/** A probe may say how long its container gets when it fails. */
function probeGrace(pod: Pod, name: string, reason: KillReason): number | undefined {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const container = all.find((each) => each.name === name);
  if (reason === 'livenessFailed') return container?.livenessProbe?.terminationGracePeriodSeconds;
  return reason === 'startupFailed' ? container?.startupProbe?.terminationGracePeriodSeconds : undefined;
}

/** With its log and its last words. */
export async function removeContainer(deps: PodDeps, pod: Pod, container: ContainerStatus): Promise<void> {
  await deps.runtime.removeContainer(container.id);
  if (container.state === 'created') return;
  const log = logPath(podPaths(deps.config, pod).logs, container.logPath);
  await rm(log, { force: true });
  await rm(podPaths(deps.config, pod).terminationLog(container.name, container.attempt), { force: true });
}

async function startContainer(deps: PodDeps, action: StartAction, context: ActionContext): Promise<void> {
  const { pod } = context;
  const { spec } = action.container;
  // An agent may have been killed between making the sandbox and writing the file.
  if (!hasContent(podPaths(deps.config, pod).hosts)) await writeHosts(deps, pod, context.sandbox?.ips ?? []);
  try {
    const image = await deps.puller.ensure({
      pod,
      container: spec.name,
      image: spec.image ?? '',
      policy: spec.imagePullPolicy ?? 'IfNotPresent',
      secrets: await deps.pullSecrets(pod),
      signal: context.signal,
    });
    deps.timeline.mark(pod, 'image');
    const config = await configure(deps, action, context, image);
    await deps.starts.run(context.signal, () => createAndStart(deps, action.container, config, context));
    await postStart(deps, action.container, config, context);
  } catch (error) {
    if (error instanceof WaitingError) deps.events.pod(pod, 'Warning', 'Failed', `Error: ${error.event}`, spec.name);
    throw error;
  }
}

async function configure(
  deps: PodDeps,
  action: StartAction,
  context: ActionContext,
  image: ImageInfo,
): Promise<ContainerConfig> {
  const { pod, volumes } = context;
  try {
    return await containerConfig({
      config: deps.config,
      resources: deps.resources,
      facts: deps.facts(pod, context.podIps),
      container: action.container,
      attempt: action.attempt,
      image,
      volumes,
      services: await deps.services(context.signal),
      reader: {
        configMap: (namespace, name) => deps.reader.configMap(namespace, name),
        secret: (namespace, name) => deps.reader.secret(namespace, name),
        fileKey: environmentFileKey(volumes),
      },
    });
  } catch (error) {
    if (isAbort(error) || context.signal.aborted) throw error;
    const message = messageOf(error);
    throw new WaitingError('CreateContainerConfigError', message, message);
  }
}

async function createAndStart(
  deps: PodDeps,
  container: SpecContainer,
  config: ContainerConfig,
  context: ActionContext,
): Promise<void> {
  const { pod, sandbox } = context;
  if (sandbox === undefined) throw new Error('the sandbox is gone');
  const name = container.spec.name;
  let id: string;
  try {
    id = await deps.runtime.createContainer(sandbox.id, config, sandboxFor(deps, container, context));
  } catch (error) {
    const message = messageOf(error);
    throw new WaitingError('CreateContainerError', message, message);
  }
  deps.timeline.mark(pod, 'created');
  deps.events.pod(pod, 'Normal', 'Created', 'Container created', name);
  try {
    await deps.runtime.startContainer(id);
  } catch (error) {
    const message = messageOf(error);
    throw new WaitingError('RunContainerError', message, message);
  }
  deps.timeline.mark(pod, 'started');
  deps.events.pod(pod, 'Normal', 'Started', 'Container started', name);
}

/** An ephemeral container may join the processes of another container. */
function sandboxFor(deps: PodDeps, container: SpecContainer, context: ActionContext): SandboxConfig {
  const { pod, sandbox, runtime } = context;
  const config = configOfSandbox(deps, pod, sandbox?.metadata.attempt ?? 0, sandbox?.handler ?? '');
  const target = 'targetContainerName' in container.spec ? container.spec.targetContainerName : undefined;
  if (target === undefined || target === '') return config;
  const found = runtime.containers.find((each) => each.name === target && each.state === 'running');
  if (found === undefined) throw new Error(`unable to find target container ${target}`);
  return { ...config, namespaces: { ...config.namespaces, pid: 'target', targetId: found.id } };
}

async function postStart(
  deps: PodDeps,
  container: SpecContainer,
  config: ContainerConfig,
  context: ActionContext,
): Promise<void> {
  const handler = container.spec.lifecycle?.postStart;
  if (handler === undefined || context.sandbox === undefined) return;
  const { pod, signal } = context;
  const running = (await deps.runtime.listContainers(context.sandbox.id)).find(
    (each) => each.name === config.name && each.attempt === config.attempt,
  );
  if (running === undefined) return;
  const podIp = context.podIps[0] ?? '';
  try {
    await deps.hooks.run({ pod, container: container.spec, containerId: running.id, podIp, handler, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    deps.log.warn('postStart hook failed', { container: config.name, error: messageOf(error) });
    deps.events.pod(pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', config.name);
    const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
    await stopContainer(deps, running, { pod, podIp, grace, message: 'FailedPostStartHook' });
    throw new WaitingError('PostStartHookError', `PostStartHook failed: ${messageOf(error)}`, 'PostStartHookError');
  }
}
