import { boolean, int32, int64, list, string, struct, time, type Infer } from '../../schema/field.ts';

export const PodLogOptions = struct('io.k8s.api.core.v1.PodLogOptions', "Which part of a container's log is wanted.", {
  container: string(1).doc('The container.'),
  follow: boolean(2).doc('Whether later lines follow as they are written.'),
  previous: boolean(3).doc('Whether the log of the container before the last restart is meant.'),
  sinceSeconds: int64(4).pointer().doc('Only lines that are at most so many seconds old.'),
  sinceTime: time(5).doc('Only lines since this moment.'),
  timestamps: boolean(6).doc('Whether each line begins with its time.'),
  tailLines: int64(7).pointer().doc('Only so many lines from the end.'),
  limitBytes: int64(8).pointer().doc('At most so many bytes.'),
  insecureSkipTLSVerifyBackend: boolean(9).doc("Whether the kubelet's certificate is not checked."),
  stream: string(10).pointer().doc('`All`, `Stdout` or `Stderr`.'),
});
export interface PodLogOptions extends Infer<typeof PodLogOptions> {}

export const PodAttachOptions = struct(
  'io.k8s.api.core.v1.PodAttachOptions',
  "Options of a connection to a container's process.",
  {
    stdin: boolean(1).doc('Whether input is sent.'),
    stdout: boolean(2).doc('Whether output is wanted.'),
    stderr: boolean(3).doc('Whether error output is wanted.'),
    tty: boolean(4).doc('Whether the process has a terminal.'),
    container: string(5).doc('The container.'),
  },
);
export interface PodAttachOptions extends Infer<typeof PodAttachOptions> {}

export const PodExecOptions = struct(
  'io.k8s.api.core.v1.PodExecOptions',
  'Options of a command that is run in a container.',
  {
    stdin: boolean(1).doc('Whether input is sent.'),
    stdout: boolean(2).doc('Whether output is wanted.'),
    stderr: boolean(3).doc('Whether error output is wanted.'),
    tty: boolean(4).doc('Whether it gets a terminal.'),
    container: string(5).doc('The container.'),
    command: list(6, string()).required().doc('The command and its arguments, without a shell.'),
  },
);
export interface PodExecOptions extends Infer<typeof PodExecOptions> {}

export const PodPortForwardOptions = struct(
  'io.k8s.api.core.v1.PodPortForwardOptions',
  'Options of a tunnel to a pod.',
  {
    ports: list(1, int32()).doc('Ports of the pod.'),
  },
);
export interface PodPortForwardOptions extends Infer<typeof PodPortForwardOptions> {}

export const PodProxyOptions = struct(
  'io.k8s.api.core.v1.PodProxyOptions',
  'Options of a request that is passed on to a pod.',
  {
    path: string(1).doc('Path of the request at the pod.'),
  },
);
export interface PodProxyOptions extends Infer<typeof PodProxyOptions> {}

export const NodeProxyOptions = struct(
  'io.k8s.api.core.v1.NodeProxyOptions',
  'Options of a request that is passed on to a node.',
  {
    path: string(1).doc('Path of the request at the node.'),
  },
);
export interface NodeProxyOptions extends Infer<typeof NodeProxyOptions> {}

export const ServiceProxyOptions = struct(
  'io.k8s.api.core.v1.ServiceProxyOptions',
  'Options of a request that is passed on to a service.',
  {
    path: string(1).doc('Path of the request at the service.'),
  },
);
export interface ServiceProxyOptions extends Infer<typeof ServiceProxyOptions> {}
