/** From a container of a PodSpec to what the runtime is asked to make. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Service } from '../../api/core/service.ts';
import type { ContainerConfig, Device, ImageInfo, Mount } from '../../runtime/runtime.ts';
import type { NodeConfig } from '../config.ts';
import { annotation, containerHash, describePod, label, logFile, namespaceOf, podPaths } from '../pod/names.ts';
import type { SpecContainer } from '../pod/names.ts';
import { containerResources, type ResourceSettings } from '../pod/resources.ts';
import { probeAnnotation, probeTypes } from '../probes/probe-manager.ts';
import type { PreparedVolumes } from '../volumes/volume.ts';
import { environment, type ConfigurationReader } from './environment.ts';
import { expand } from './expand.ts';
import type { PodFacts } from './fields.ts';
import { containerMounts } from './mounts.ts';
import { containerSecurity, verifyNonRoot } from './security.ts';

export interface ContainerInput {
  readonly config: NodeConfig;
  readonly resources: ResourceSettings;
  readonly facts: PodFacts;
  readonly container: SpecContainer;
  readonly attempt: number;
  readonly image: ImageInfo;
  readonly volumes: PreparedVolumes;
  readonly services: readonly Service[];
  readonly reader: ConfigurationReader;
}

/** Also writes the (empty) termination message file that it mounts. Throws ConfigurationError and FieldError. */
export async function containerConfig(input: ContainerInput): Promise<ContainerConfig> {
  const { facts, container, attempt, image, config } = input;
  const { pod } = facts;
  const { spec } = container;
  verifyNonRoot(pod, spec, image, describePod(pod));
  const env = await environment({ facts, container: spec, services: input.services, reader: input.reader });
  const { mounts, devices } = await allMounts(input, env);
  return {
    name: spec.name,
    attempt,
    image: image.id,
    userImage: spec.image ?? '',
    command: (spec.command ?? []).map((each) => expand(each, env)),
    args: (spec.args ?? []).map((each) => expand(each, env)),
    workingDir: spec.workingDir ?? '',
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts,
    devices,
    labels: {
      [label.podName]: pod.metadata.name,
      [label.podNamespace]: namespaceOf(pod),
      [label.podUid]: pod.metadata.uid,
      [label.containerName]: spec.name,
    },
    annotations: {
      [annotation.hash]: containerHash(spec),
      [annotation.terminationMessagePath]: terminationPath(container),
      [annotation.terminationMessagePolicy]: spec.terminationMessagePolicy ?? 'File',
      [annotation.gracePeriod]: `${pod.spec?.terminationGracePeriodSeconds ?? 30}`,
      [probeAnnotation]: probeTypes(spec),
    },
    logPath: logFile(spec.name, attempt),
    stdin: spec.stdin === true,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty === true,
    resources: containerResources(pod, spec, input.resources),
    security: containerSecurity(pod, spec, config),
    ...(spec.lifecycle?.stopSignal === undefined ? {} : { stopSignal: spec.lifecycle.stopSignal }),
  };
}

const terminationPath = (container: SpecContainer): string =>
  container.spec.terminationMessagePath ?? '/dev/termination-log';

async function allMounts(
  input: ContainerInput,
  env: ReadonlyMap<string, string>,
): Promise<{ readonly mounts: readonly Mount[]; readonly devices: readonly Device[] }> {
  const { facts, container, attempt, config } = input;
  const paths = podPaths(config, facts.pod);
  const own = await containerMounts({ pod: facts.pod, container: container.spec, volumes: input.volumes, env });
  const taken = new Set(own.mounts.map((mount) => mount.containerPath));
  const extra: Mount[] = [];
  const add = (containerPath: string, hostPath: string): void => {
    if (!taken.has(containerPath)) extra.push({ containerPath, hostPath, readonly: false, propagation: 'private' });
  };
  add('/etc/hosts', paths.hosts);
  const message = paths.terminationLog(container.spec.name, attempt);
  await mkdir(dirname(message), { recursive: true });
  await writeFile(message, '');
  // Whoever the container runs as; not in writeFile's mode, which the process's umask would lessen.
  await chmod(message, 0o666);
  add(terminationPath(container), message);
  return { mounts: [...own.mounts, ...extra], devices: own.devices };
}
