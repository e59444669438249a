import { fillEmpty } from '../rules/draft.ts';
import { boolean, inline, int32, list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';
import { EnvFromSource, EnvVar } from './env.ts';
import { Lifecycle, Probe } from './probe.ts';
import { SecurityContext } from './security-context.ts';

export const ContainerPort = struct('io.k8s.api.core.v1.ContainerPort', '', {
  name: string(1),
  hostPort: int32(2),
  containerPort: int32(3).present(),
  protocol: string(4).enum('SCTP', 'TCP', 'UDP').default('TCP'),
  hostIP: string(5),
});
export interface ContainerPort extends Infer<typeof ContainerPort> {}

export const VolumeMount = struct('io.k8s.api.core.v1.VolumeMount', '', {
  name: string(1).required(),
  readOnly: boolean(2),
  recursiveReadOnly: string(7).known<'Disabled' | 'Enabled' | 'IfPossible'>().pointer(),
  mountPath: string(3).required(),
  subPath: string(4),
  mountPropagation: string(5).known<'None' | 'HostToContainer' | 'Bidirectional'>().pointer(),
  subPathExpr: string(6),
});
export interface VolumeMount extends Infer<typeof VolumeMount> {}

export const VolumeDevice = struct('io.k8s.api.core.v1.VolumeDevice', '', {
  name: string(1).required(),
  devicePath: string(2).required(),
});
export interface VolumeDevice extends Infer<typeof VolumeDevice> {}

export const ContainerResizePolicy = struct('io.k8s.api.core.v1.ContainerResizePolicy', '', {
  resourceName: string(1).present(),
  restartPolicy: string(2).known<'NotRequired' | 'RestartContainer'>().present(),
});
export interface ContainerResizePolicy extends Infer<typeof ContainerResizePolicy> {}

export const ResourceClaim = struct('io.k8s.api.core.v1.ResourceClaim', '', {
  name: string(1).present(),
  request: string(2),
});
export interface ResourceClaim extends Infer<typeof ResourceClaim> {}

export const ResourceRequirements = struct('io.k8s.api.core.v1.ResourceRequirements', '', {
  limits: map(1, quantity()),
  requests: map(2, quantity()),
  claims: list(3, ResourceClaim).listMap('name'),
});
export interface ResourceRequirements extends Infer<typeof ResourceRequirements> {}

export const ContainerRestartRuleOnExitCodes = struct('io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes', '', {
  operator: string(1),
  values: list(2, int32()).listSet(),
});
export interface ContainerRestartRuleOnExitCodes extends Infer<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct('io.k8s.api.core.v1.ContainerRestartRule', '', {
  action: string(1),
  exitCodes: of(2, ContainerRestartRuleOnExitCodes),
});
export interface ContainerRestartRule extends Infer<typeof ContainerRestartRule> {}

/** Containers and ephemeral containers have the same fields. */
const containerFields = {
  name: string(1).required(),
  image: string(2),
  command: list(3, string()),
  args: list(4, string()),
  workingDir: string(5),
  ports: list(6, ContainerPort).listMap('containerPort', 'protocol').merge('containerPort'),
  envFrom: list(19, EnvFromSource),
  env: list(7, EnvVar).listMap('name').merge('name'),
  resources: of(8, ResourceRequirements).always(),
  resizePolicy: list(23, ContainerResizePolicy),
  restartPolicy: string(24).pointer(),
  restartPolicyRules: list(25, ContainerRestartRule),
  volumeMounts: list(9, VolumeMount).listMap('mountPath').merge('mountPath'),
  volumeDevices: list(21, VolumeDevice).listMap('devicePath').merge('devicePath'),
  livenessProbe: of(10, Probe),
  readinessProbe: of(11, Probe),
  startupProbe: of(22, Probe),
  lifecycle: of(12, Lifecycle),
  terminationMessagePath: string(13).default('/dev/termination-log'),
  terminationMessagePolicy: string(20).enum('File', 'FallbackToLogsOnError').default('File'),
  imagePullPolicy: string(14).enum('Always', 'IfNotPresent', 'Never'),
  securityContext: of(15, SecurityContext),
  stdin: boolean(16),
  stdinOnce: boolean(17),
  tty: boolean(18),
};

function containerDefaults(draft: Record<string, unknown>): void {
  fillEmpty(draft, 'imagePullPolicy', defaultPullPolicy(draft['image']));
}

export const Container = struct('io.k8s.api.core.v1.Container', '', containerFields, { defaults: containerDefaults });
export interface Container extends Infer<typeof Container> {}

export const EphemeralContainerCommon = struct('io.k8s.api.core.v1.EphemeralContainerCommon', '', containerFields);
export interface EphemeralContainerCommon extends Infer<typeof EphemeralContainerCommon> {}

export const EphemeralContainer = struct(
  'io.k8s.api.core.v1.EphemeralContainer',
  '',
  {
    ...inline(1, EphemeralContainerCommon),
    targetContainerName: string(2),
  },
  { defaults: containerDefaults },
);
export interface EphemeralContainer extends Infer<typeof EphemeralContainer> {}
