import { inline, int32, int64, intOrString, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const HTTPHeader = struct('io.k8s.api.core.v1.HTTPHeader', 'A header of a request.', {
  name: string(1).required().doc('Name of the header.'),
  value: string(2).present().doc('Its text.'),
});
export interface HTTPHeader extends Infer<typeof HTTPHeader> {}

export const HTTPGetAction = struct('io.k8s.api.core.v1.HTTPGetAction', 'An HTTP request to a container.', {
  path: string(1).default('/').doc('Path of the request.'),
  port: intOrString(2).present().doc('Number or name of the port.'),
  host: string(3).doc("Host to connect to; the pod's address when left out."),
  scheme: string(4).enum('HTTP', 'HTTPS').default('HTTP').doc('`HTTP` or `HTTPS`.'),
  httpHeaders: list(5, HTTPHeader).doc('Headers of the request.'),
});
export interface HTTPGetAction extends Infer<typeof HTTPGetAction> {}

export const TCPSocketAction = struct('io.k8s.api.core.v1.TCPSocketAction', 'A connection to a container.', {
  port: intOrString(1).present().doc('Number or name of the port.'),
  host: string(2).doc("Host to connect to; the pod's address when left out."),
});
export interface TCPSocketAction extends Infer<typeof TCPSocketAction> {}

export const GRPCAction = struct('io.k8s.api.core.v1.GRPCAction', 'A request to the health service of gRPC.', {
  port: int32(1).present().doc('Number of the port.'),
  service: string(2).default('').pointer().always().doc('Name of the service to ask about.'),
});
export interface GRPCAction extends Infer<typeof GRPCAction> {}

export const ExecAction = struct('io.k8s.api.core.v1.ExecAction', 'A command in a container.', {
  command: list(1, string()).doc('The command and its arguments, without a shell.'),
});
export interface ExecAction extends Infer<typeof ExecAction> {}

export const SleepAction = struct('io.k8s.api.core.v1.SleepAction', 'Waits for a while.', {
  seconds: int64(1).present().doc('How many seconds.'),
});
export interface SleepAction extends Infer<typeof SleepAction> {}

export const ProbeHandler = struct('io.k8s.api.core.v1.ProbeHandler', 'How a check is made; one of them is set.', {
  exec: of(1, ExecAction).doc('Runs a command; 0 is good.'),
  httpGet: of(2, HTTPGetAction).doc('Makes an HTTP request; 200 to 399 is good.'),
  tcpSocket: of(3, TCPSocketAction).doc('Opens a connection.'),
  grpc: of(4, GRPCAction).doc('Asks the health service of gRPC.'),
});
export interface ProbeHandler extends Infer<typeof ProbeHandler> {}

export const Probe = struct('io.k8s.api.core.v1.Probe', 'A check of a container, repeated.', {
  ...inline(1, ProbeHandler),
  initialDelaySeconds: int32(2).doc('How many seconds after the start the first check is made.'),
  timeoutSeconds: int32(3).default(1).doc('After how many seconds a check without answer has failed.'),
  periodSeconds: int32(4).default(10).doc('How many seconds lie between checks.'),
  successThreshold: int32(5).default(1).doc('How many successes in a row it takes after a failure.'),
  failureThreshold: int32(6).default(3).doc('How many failures in a row it takes.'),
  terminationGracePeriodSeconds: int64(7)
    .pointer()
    .doc('How many seconds the container gets to stop after this check failed.'),
});
export interface Probe extends Infer<typeof Probe> {}

export const LifecycleHandler = struct('io.k8s.api.core.v1.LifecycleHandler', 'What is done; one of them is set.', {
  exec: of(1, ExecAction).doc('Runs a command.'),
  httpGet: of(2, HTTPGetAction).doc('Makes an HTTP request.'),
  tcpSocket: of(3, TCPSocketAction).doc('No longer used.'),
  sleep: of(4, SleepAction).doc('Waits.'),
});
export interface LifecycleHandler extends Infer<typeof LifecycleHandler> {}

export const Lifecycle = struct('io.k8s.api.core.v1.Lifecycle', 'What is done around the life of a container.', {
  postStart: of(1, LifecycleHandler).doc('Done right after the start; failure stops the container.'),
  preStop: of(2, LifecycleHandler).doc('Done before the container is asked to stop.'),
  stopSignal: string(3).pointer().doc('The signal that asks it to stop.'),
});
export interface Lifecycle extends Infer<typeof Lifecycle> {}
