import { boolean, int32, int64, list, string, struct, time, type Infer } from '../../schema/field.ts';

export const PodLogOptions = struct('io.k8s.api.core.v1.PodLogOptions', '', {
  container: string(1),
  follow: boolean(2),
  previous: boolean(3),
  sinceSeconds: int64(4).pointer(),
  sinceTime: time(5),
  timestamps: boolean(6),
  tailLines: int64(7).pointer(),
  limitBytes: int64(8).pointer(),
  insecureSkipTLSVerifyBackend: boolean(9),
  stream: string(10).pointer(),
});
export interface PodLogOptions extends Infer<typeof PodLogOptions> {}

export const PodAttachOptions = struct('io.k8s.api.core.v1.PodAttachOptions', '', {
  stdin: boolean(1),
  stdout: boolean(2),
  stderr: boolean(3),
  tty: boolean(4),
  container: string(5),
});
export interface PodAttachOptions extends Infer<typeof PodAttachOptions> {}

export const PodExecOptions = struct('io.k8s.api.core.v1.PodExecOptions', '', {
  stdin: boolean(1),
  stdout: boolean(2),
  stderr: boolean(3),
  tty: boolean(4),
  container: string(5),
  command: list(6, string()).required(),
});
export interface PodExecOptions extends Infer<typeof PodExecOptions> {}

export const PodPortForwardOptions = struct('io.k8s.api.core.v1.PodPortForwardOptions', '', {
  ports: list(1, int32()),
});
export interface PodPortForwardOptions extends Infer<typeof PodPortForwardOptions> {}

export const PodProxyOptions = struct('io.k8s.api.core.v1.PodProxyOptions', '', {
  path: string(1),
});
export interface PodProxyOptions extends Infer<typeof PodProxyOptions> {}

export const NodeProxyOptions = struct('io.k8s.api.core.v1.NodeProxyOptions', '', {
  path: string(1),
});
export interface NodeProxyOptions extends Infer<typeof NodeProxyOptions> {}

export const ServiceProxyOptions = struct('io.k8s.api.core.v1.ServiceProxyOptions', '', {
  path: string(1),
});
export interface ServiceProxyOptions extends Infer<typeof ServiceProxyOptions> {}
