/** Probes and lifecycle hooks. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { checkHttpHeaderName } from '../../schema/names.ts';
import { complaintFaults, nonNegativeFaults, oneOfFaults, portFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { Lifecycle, LifecycleHandler, Probe, ProbeHandler } from './probe.ts';

type Handler = Loose<ProbeHandler & LifecycleHandler>;

/** Only what probes of one kind share. Their success thresholds and grace periods differ: see below. */
function probeFaults(probe: Loose<Probe>, gracePeriod: number | undefined, path: string): Fault[] {
  const grace = probe.terminationGracePeriodSeconds;
  return [
    ...handlerFaults(probe, gracePeriod, path),
    ...nonNegativeFaults(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegativeFaults(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegativeFaults(`${path}.periodSeconds`, probe.periodSeconds),
    ...nonNegativeFaults(`${path}.successThreshold`, probe.successThreshold),
    ...nonNegativeFaults(`${path}.failureThreshold`, probe.failureThreshold),
    ...(grace !== undefined && grace <= 0
      ? [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]
      : []),
  ];
}

/** Liveness and startup probes succeed at once or not at all. */
export function deadlyProbeFaults(
  probe: Loose<Probe> | undefined,
  gracePeriod: number | undefined,
  path: string,
): Fault[] {
  if (probe === undefined) return [];
  const threshold = probe.successThreshold ?? 1;
  return [
    ...probeFaults(probe, gracePeriod, path),
    ...(threshold === 1 ? [] : [invalid(`${path}.successThreshold`, threshold, 'must be 1')]),
  ];
}

export function readinessProbeFaults(
  probe: Loose<Probe> | undefined,
  gracePeriod: number | undefined,
  path: string,
): Fault[] {
  if (probe === undefined) return [];
  const grace = probe.terminationGracePeriodSeconds;
  return [
    ...probeFaults(probe, gracePeriod, path),
    ...(grace === undefined
      ? []
      : [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes')]),
  ];
}

/** Signals that a container's stopSignal may name on Linux. */
const linuxSignals: readonly string[] = (
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM ' +
  'TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
)
  .split(' ')
  .map((name) => `SIG${name}`);

export function lifecycleFaults(
  lifecycle: Loose<Lifecycle> | undefined,
  gracePeriod: number | undefined,
  operatingSystem: string | undefined,
  path: string,
): Fault[] {
  if (lifecycle === undefined) return [];
  const { postStart, preStop, stopSignal } = lifecycle;
  return [
    ...(postStart === undefined ? [] : handlerFaults(postStart, gracePeriod, `${path}.postStart`)),
    ...(preStop === undefined ? [] : handlerFaults(preStop, gracePeriod, `${path}.preStop`)),
    ...(stopSignal === undefined ? [] : stopSignalFaults(stopSignal, operatingSystem, `${path}.stopSignal`)),
  ];
}

function stopSignalFaults(signal: string, operatingSystem: string | undefined, path: string): Fault[] {
  if (operatingSystem === undefined) {
    return [forbidden(path, 'may not be set for containers with empty `spec.os.name`')];
  }
  const known = linuxSignals.includes(signal) || /^SIGRT(?:MIN\+|MAX-)\d{1,2}$/u.test(signal);
  return known ? [] : [invalid(path, signal, `must be a signal that ${operatingSystem} knows, such as SIGTERM`)];
}

const handlerKinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function handlerFaults(handler: Handler, gracePeriod: number | undefined, path: string): Fault[] {
  const texts = { tooMany: 'may not specify more than 1 handler type', none: 'must specify a handler type' };
  const first = handlerKinds.find((kind) => handler[kind] !== undefined);
  return [
    ...(first === undefined ? [] : actionFaults(first, handler, gracePeriod, `${path}.${first}`)),
    ...oneOfFaults(path, handler, handlerKinds, texts),
  ];
}

function actionFaults(
  kind: (typeof handlerKinds)[number],
  handler: Handler,
  gracePeriod: number | undefined,
  path: string,
): Fault[] {
  const checks: Readonly<Record<typeof kind, () => Fault[]>> = {
    exec: () => ((handler.exec?.command ?? []).length === 0 ? [required(`${path}.command`)] : []),
    httpGet: () => httpGetFaults(handler.httpGet ?? {}, path),
    tcpSocket: () => portFaults(`${path}.port`, handler.tcpSocket?.port),
    grpc: () => portFaults(`${path}.port`, handler.grpc?.port),
    sleep: () => sleepFaults(handler.sleep?.seconds ?? 0, gracePeriod, path),
  };
  return checks[kind]();
}

function httpGetFaults({ port, httpHeaders }: NonNullable<Handler['httpGet']>, path: string): Fault[] {
  return [
    ...portFaults(`${path}.port`, port),
    ...(httpHeaders ?? []).flatMap(({ name = '' }) =>
      complaintFaults(`${path}.httpHeaders`, name, checkHttpHeaderName(name)),
    ),
  ];
}

function sleepFaults(seconds: number, gracePeriod: number | undefined, path: string): Fault[] {
  if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return [];
  return [invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
}
