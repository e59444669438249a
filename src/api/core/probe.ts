import { inline, int32, int64, intOrString, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const HTTPHeader = struct('io.k8s.api.core.v1.HTTPHeader', '', {
  name: string(1).required(),
  value: string(2).present(),
});
export interface HTTPHeader extends Infer<typeof HTTPHeader> {}

export const HTTPGetAction = struct('io.k8s.api.core.v1.HTTPGetAction', '', {
  path: string(1).default('/'),
  port: intOrString(2).present(),
  host: string(3),
  scheme: string(4).enum('HTTP', 'HTTPS').default('HTTP'),
  httpHeaders: list(5, HTTPHeader),
});
export interface HTTPGetAction extends Infer<typeof HTTPGetAction> {}

export const TCPSocketAction = struct('io.k8s.api.core.v1.TCPSocketAction', '', {
  port: intOrString(1).present(),
  host: string(2),
});
export interface TCPSocketAction extends Infer<typeof TCPSocketAction> {}

export const GRPCAction = struct('io.k8s.api.core.v1.GRPCAction', '', {
  port: int32(1).present(),
  service: string(2).default('').pointer().always(),
});
export interface GRPCAction extends Infer<typeof GRPCAction> {}

export const ExecAction = struct('io.k8s.api.core.v1.ExecAction', '', {
  command: list(1, string()),
});
export interface ExecAction extends Infer<typeof ExecAction> {}

export const SleepAction = struct('io.k8s.api.core.v1.SleepAction', '', {
  seconds: int64(1).present(),
});
export interface SleepAction extends Infer<typeof SleepAction> {}

export const ProbeHandler = struct('io.k8s.api.core.v1.ProbeHandler', '', {
  exec: of(1, ExecAction),
  httpGet: of(2, HTTPGetAction),
  tcpSocket: of(3, TCPSocketAction),
  grpc: of(4, GRPCAction),
});
export interface ProbeHandler extends Infer<typeof ProbeHandler> {}

export const Probe = struct('io.k8s.api.core.v1.Probe', '', {
  ...inline(1, ProbeHandler),
  initialDelaySeconds: int32(2),
  timeoutSeconds: int32(3).default(1),
  periodSeconds: int32(4).default(10),
  successThreshold: int32(5).default(1),
  failureThreshold: int32(6).default(3),
  terminationGracePeriodSeconds: int64(7).pointer(),
});
export interface Probe extends Infer<typeof Probe> {}

export const LifecycleHandler = struct('io.k8s.api.core.v1.LifecycleHandler', '', {
  exec: of(1, ExecAction),
  httpGet: of(2, HTTPGetAction),
  tcpSocket: of(3, TCPSocketAction),
  sleep: of(4, SleepAction),
});
export interface LifecycleHandler extends Infer<typeof LifecycleHandler> {}

export const Lifecycle = struct('io.k8s.api.core.v1.Lifecycle', '', {
  postStart: of(1, LifecycleHandler),
  preStop: of(2, LifecycleHandler),
  stopSignal: string(3).pointer(),
});
export interface Lifecycle extends Infer<typeof Lifecycle> {}
