import { fillEmpty } from '../rules/draft.ts';
import { boolean, inline, int32, list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';
import { EnvFromSource, EnvVar } from './env.ts';
import { Lifecycle, Probe } from './probe.ts';
import { SecurityContext } from './security-context.ts';

export const ContainerPort = struct('io.k8s.api.core.v1.ContainerPort', 'A port that a container listens on.', {
  name: string(1).doc('Name by which services can refer to it.'),
  hostPort: int32(2).doc('Port of the node that leads here.'),
  containerPort: int32(3).present().doc('Number of the port.'),
  protocol: string(4).enum('SCTP', 'TCP', 'UDP').default('TCP').doc('`TCP`, `UDP` or `SCTP`.'),
  hostIP: string(5).doc('Address of the node to which `hostPort` is bound.'),
});
export interface ContainerPort extends Infer<typeof ContainerPort> {}

export const VolumeMount = struct('io.k8s.api.core.v1.VolumeMount', "A volume in a container's file system.", {
  name: string(1).required().doc('Name of the volume in the pod.'),
  readOnly: boolean(2).doc('Whether nothing may be written.'),
  recursiveReadOnly: string(7)
    .known<'Disabled' | 'Enabled' | 'IfPossible'>()
    .pointer()
    .doc('Whether mounts below a read-only mount are read-only too.'),
  mountPath: string(3).required().doc('Where it appears.'),
  subPath: string(4).doc('Part of the volume that appears; its root when left out.'),
  mountPropagation: string(5)
    .known<'None' | 'HostToContainer' | 'Bidirectional'>()
    .pointer()
    .doc('Whether later mounts are passed on between node and container.'),
  subPathExpr: string(6).doc('As `subPath`, with `$(VARIABLE)` filled in.'),
});
export interface VolumeMount extends Infer<typeof VolumeMount> {}

export const VolumeDevice = struct('io.k8s.api.core.v1.VolumeDevice', 'A block volume as a device.', {
  name: string(1).required().doc('Name of the volume in the pod.'),
  devicePath: string(2).required().doc('Where the device appears.'),
});
export interface VolumeDevice extends Infer<typeof VolumeDevice> {}

export const ContainerResizePolicy = struct(
  'io.k8s.api.core.v1.ContainerResizePolicy',
  'Whether a change of one resource restarts the container.',
  {
    resourceName: string(1).present().doc('The resource.'),
    restartPolicy: string(2)
      .known<'NotRequired' | 'RestartContainer'>()
      .present()
      .doc('`NotRequired` or `RestartContainer`.'),
  },
);
export interface ContainerResizePolicy extends Infer<typeof ContainerResizePolicy> {}

export const ResourceClaim = struct('io.k8s.api.core.v1.ResourceClaim', 'A claim of the pod that a container uses.', {
  name: string(1).present().doc('Name of the claim in the pod.'),
  request: string(2).doc('The request in the claim; all when left out.'),
});
export interface ResourceClaim extends Infer<typeof ResourceClaim> {}

export const ResourceRequirements = struct(
  'io.k8s.api.core.v1.ResourceRequirements',
  'How much of each resource is needed and may be used.',
  {
    limits: map(1, quantity()).doc('The most that may be used of each resource.'),
    requests: map(2, quantity()).doc('The amount of each resource that is set aside.'),
    claims: list(3, ResourceClaim).listMap('name').doc('Claims of the pod that this container uses.'),
  },
);
export interface ResourceRequirements extends Infer<typeof ResourceRequirements> {}

export const ContainerRestartRuleOnExitCodes = struct(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  'Some exit codes.',
  {
    operator: string(1).doc('`In` or `NotIn`.'),
    values: list(2, int32()).listSet().doc('The exit codes.'),
  },
);
export interface ContainerRestartRuleOnExitCodes extends Infer<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct(
  'io.k8s.api.core.v1.ContainerRestartRule',
  'What happens after certain ends of a container.',
  {
    action: string(1).doc('What happens, such as `Restart`.'),
    exitCodes: of(2, ContainerRestartRuleOnExitCodes).doc('The exit codes that are meant.'),
  },
);
export interface ContainerRestartRule extends Infer<typeof ContainerRestartRule> {}

/** Containers and ephemeral containers have the same fields. */
const containerFields = {
  name: string(1).required().doc('Name within the pod.'),
  image: string(2).doc('The image to run.'),
  command: list(3, string()).doc("What is run instead of the image's entry point."),
  args: list(4, string()).doc("Arguments, instead of the image's."),
  workingDir: string(5).doc('Directory in which the process starts.'),
  ports: list(6, ContainerPort)
    .listMap('containerPort', 'protocol')
    .merge('containerPort')
    .doc('Ports that it listens on; a help for readers and for names in services.'),
  envFrom: list(19, EnvFromSource).doc('Sources of which every key becomes a variable.'),
  env: list(7, EnvVar).listMap('name').merge('name').doc('Environment variables.'),
  resources: of(8, ResourceRequirements).always().doc('How much of each resource it needs and may use.'),
  resizePolicy: list(23, ContainerResizePolicy).doc('Whether a change of resources restarts it.'),
  restartPolicy: string(24).pointer().doc('`Always` for an init container that keeps running beside the others.'),
  restartPolicyRules: list(25, ContainerRestartRule).doc('Exit codes that decide about a restart.'),
  volumeMounts: list(9, VolumeMount)
    .listMap('mountPath')
    .merge('mountPath')
    .doc('Where volumes appear in its file system.'),
  volumeDevices: list(21, VolumeDevice)
    .listMap('devicePath')
    .merge('devicePath')
    .doc('Where block volumes appear as devices.'),
  livenessProbe: of(10, Probe).doc('Check whose failure restarts the container.'),
  readinessProbe: of(11, Probe).doc('Check whose failure takes the pod out of services.'),
  startupProbe: of(22, Probe).doc('Check that must succeed once before the other checks begin.'),
  lifecycle: of(12, Lifecycle).doc('What is done after the start and before the stop.'),
  terminationMessagePath: string(13)
    .default('/dev/termination-log')
    .doc('File whose text becomes the message when the container ends.'),
  terminationMessagePolicy: string(20)
    .enum('File', 'FallbackToLogsOnError')
    .default('File')
    .doc('Whether the end of the log stands in for an empty message after an error.'),
  imagePullPolicy: string(14)
    .enum('Always', 'IfNotPresent', 'Never')
    .doc('`Always`, `IfNotPresent` or `Never`: when the image is fetched.'),
  securityContext: of(15, SecurityContext).doc('Security settings of this container.'),
  stdin: boolean(16).doc('Whether there is an input to attach to.'),
  stdinOnce: boolean(17).doc('Whether the input closes after the first one who attached has left.'),
  tty: boolean(18).doc('Whether it gets a terminal.'),
};

function containerDefaults(draft: Record<string, unknown>): void {
  fillEmpty(draft, 'imagePullPolicy', defaultPullPolicy(draft['image']));
}

export const Container = struct(
  'io.k8s.api.core.v1.Container',
  'A process with its own file system, made from an image.',
  containerFields,
  { defaults: containerDefaults },
);
export interface Container extends Infer<typeof Container> {}

export const EphemeralContainerCommon = struct('io.k8s.api.core.v1.EphemeralContainerCommon', '', containerFields);
export interface EphemeralContainerCommon extends Infer<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = struct(
  'io.k8s.api.core.v1.EphemeralContainer',
  'A container added to a running pod for debugging; it is never restarted.',
  {
    ...inline(1, EphemeralContainerCommon),
    targetContainerName: string(2).doc('The container whose processes it can see.'),
  },
  { defaults: containerDefaults },
);
export interface EphemeralContainer extends Infer<typeof EphemeralContainer> {}
