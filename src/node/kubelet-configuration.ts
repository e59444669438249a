/** A KubeletConfiguration file (kubelet.config.k8s.io/v1beta1) as what this agent can be told. */
import { isIP } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { durationMilliseconds } from '../schema/duration.ts';
import { isRecord } from '../schema/freeze.ts';
import { addQuantity, formatQuantity, isNegative, isZero, parseQuantity, wholeValue } from '../schema/quantity.ts';
import { parseYaml } from '../schema/yaml.ts';
import type { NodeConfig, NodeTaint } from './config.ts';
import { knownSignals } from './eviction/signals.ts';

/** The file is none, or says something that this agent cannot do. */
export class KubeletConfigurationError extends Error {
  override readonly name = 'KubeletConfigurationError';
}

type Changes = { -readonly [K in keyof NodeConfig]?: NodeConfig[K] };
type Reader = (value: unknown, changes: Changes) => void;

/** Throws KubeletConfigurationError, which names the field. */
export async function readKubeletConfiguration(text: string): Promise<Partial<NodeConfig>> {
  const { value } = await parseYaml(text).catch((error: unknown) => {
    throw new KubeletConfigurationError(messageOf(error));
  });
  if (!isRecord(value) || value['kind'] !== 'KubeletConfiguration') {
    throw new KubeletConfigurationError('it is not of kind KubeletConfiguration, kubelet.config.k8s.io/v1beta1');
  }
  const { apiVersion, kind: _kind, ...fields } = value;
  if (apiVersion !== 'kubelet.config.k8s.io/v1beta1') {
    throw new KubeletConfigurationError(`its apiVersion is not kubelet.config.k8s.io/v1beta1`);
  }
  const changes: Changes = {};
  for (const [name, field] of Object.entries(fields)) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (read === undefined) {
      const known = Object.keys(readers).toSorted().join(', ');
      throw new KubeletConfigurationError(`${name}: this agent has no such setting; there are ${known}`);
    }
    try {
      read(field, changes);
    } catch (error) {
      throw new KubeletConfigurationError(`${name}: ${messageOf(error)}`);
    }
  }
  checkSoft(changes);
  if (value['serializeImagePulls'] === true && Number(value['maxParallelImagePulls'] ?? 1) !== 1) {
    throw new KubeletConfigurationError(
      'maxParallelImagePulls: cannot be larger than 1 unless serializeImagePulls is false',
    );
  }
  return changes;
}

const readers: Readonly<Record<string, Reader>> = {
  maxPods: (value, changes) => (changes.maxPods = whole(value, 1)),
  podPidsLimit: (value, changes) => (changes.podPidsLimit = whole(value, -1)),
  singleProcessOOMKill: (value, changes) => (changes.singleProcessOomKill = boolean(value)),
  streamingConnectionIdleTimeout: (value, changes) => (changes.streamingConnectionIdleTimeout = seconds(value)),
  resolvConf: (value, changes) => (changes.resolvConf = text(value)),
  staticPodPath: (value, changes) => (changes.staticPodPath = path(value)),
  evictionHard: (value, changes) => (changes.evictionHard = thresholds(value)),
  evictionSoft: (value, changes) => (changes.evictionSoft = thresholds(value)),
  evictionSoftGracePeriod: (value, changes) => (changes.evictionSoftGracePeriod = bySignal(value, gracePeriod)),
  evictionMinimumReclaim: (value, changes) => (changes.evictionMinimumReclaim = bySignal(value, leastReclaimed)),
  evictionMaxPodGracePeriod: (value, changes) => (changes.evictionMaxPodGracePeriod = whole(value, 0)),
  evictionPressureTransitionPeriod: (value, changes) => (changes.evictionPressureTransition = seconds(value)),
  imageGCHighThresholdPercent: (value, changes) => (changes.imageGcHighPercent = whole(value, 0, 100)),
  imageGCLowThresholdPercent: (value, changes) => (changes.imageGcLowPercent = whole(value, 0, 100)),
  imageMaximumGCAge: (value, changes) => (changes.imageMaximumAge = seconds(value)),
  imageMinimumGCAge: (value, changes) => (changes.imageMinimumAge = seconds(value)),
  containerLogMaxSize: (value, changes) => (changes.containerLogMaxSize = wholeValue(quantity(value))),
  containerLogMaxFiles: (value, changes) => (changes.containerLogMaxFiles = whole(value, 2)),
  systemReserved: (value, changes) => (changes.reserved = sum(changes.reserved, value)),
  kubeReserved: (value, changes) => (changes.reserved = sum(changes.reserved, value)),
  clusterDNS: (value, changes) => (changes.clusterDns = list(value).map(address)),
  clusterDomain: (value, changes) => (changes.clusterDomain = text(value)),
  seccompDefault: (value, changes) => (changes.seccompDefault = boolean(value)),
  serializeImagePulls: (value, changes) => {
    if (boolean(value)) changes.maxParallelImagePulls = 1;
  },
  maxParallelImagePulls: (value, changes) => (changes.maxParallelImagePulls = whole(value, 1)),
  allowedUnsafeSysctls: (value, changes) => (changes.allowedUnsafeSysctls = list(value).map(text)),
  registerWithTaints: (value, changes) => (changes.taints = list(value).map(taint)),
  crashLoopBackOff: (value, changes) => {
    const { maxContainerRestartPeriod: period, ...rest } = map(value);
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new TypeError(`this agent has no setting ${unknown}`);
    const most = seconds(period);
    if (most < 1 || most > 300) throw new TypeError('maxContainerRestartPeriod must be between 1s and 300s');
    changes.maxCrashLoopBackOff = most;
  },
};

/** As upstream: who names a soft threshold says how long it may be passed. */
function checkSoft({ evictionSoft = {}, evictionSoftGracePeriod = {} }: Changes): void {
  for (const signal of Object.keys(evictionSoft)) {
    if (signal in evictionSoftGracePeriod) continue;
    throw new KubeletConfigurationError(`evictionSoftGracePeriod: grace period must be specified for ${signal}`);
  }
}

function bySignal<T>(value: unknown, read: (value: unknown) => T): Readonly<Record<string, T>> {
  const all = Object.entries(map(value)).map(([signal, each]) => {
    if (!knownSignals.includes(signal)) {
      throw new TypeError(`there is no signal ${signal}; there are ${knownSignals.join(', ')}`);
    }
    try {
      return [signal, read(each)] as const;
    } catch (error) {
      throw new TypeError(`${signal}: ${messageOf(error)}`, { cause: error });
    }
  });
  return Object.fromEntries(all);
}

const thresholds = (value: unknown): Readonly<Record<string, string>> => bySignal(value, threshold);

/** `0%` and `100%`, as upstream, mean that the signal is not looked at. */
function threshold(value: unknown): string {
  const share = shareOf(value);
  if (share !== undefined && share <= 100) return String(value);
  if (share !== undefined) throw new TypeError(`must be at most 100%, not ${String(value)}`);
  const written = quantity(value);
  if (isZero(written) || isNegative(written)) throw new TypeError(`must be positive, not ${written}`);
  return written;
}

function leastReclaimed(value: unknown): string {
  const share = shareOf(value);
  if (share === 0) throw new TypeError('must be positive, not 0%');
  if (share !== undefined) return String(value);
  const written = quantity(value);
  if (isNegative(written)) throw new TypeError(`must not be negative, as ${written} is`);
  return written;
}

/** Of `5%` 5; undefined for what is no share. */
const shareOf = (value: unknown): number | undefined =>
  /^\d+(\.\d+)?%$/.test(String(value)) ? Number(String(value).slice(0, -1)) : undefined;

function gracePeriod(value: unknown): number {
  const period = seconds(value);
  if (period < 0) throw new TypeError(`must not be negative, as ${text(value)} is`);
  return period;
}

function sum(before: Readonly<Record<string, string>> = {}, value: unknown): Readonly<Record<string, string>> {
  const total: Record<string, string> = { ...before };
  for (const [name, amount] of Object.entries(map(value))) {
    total[name] = formatQuantity(addQuantity(total[name] ?? '0', quantity(amount)));
  }
  return total;
}

function taint(value: unknown): NodeTaint {
  const { key, value: text_, effect } = map(value);
  if (effect !== 'NoSchedule' && effect !== 'PreferNoSchedule' && effect !== 'NoExecute') {
    throw new TypeError(`effect must be NoSchedule, PreferNoSchedule or NoExecute, not ${JSON.stringify(effect)}`);
  }
  return { key: text(key), effect, ...(text_ === undefined ? {} : { value: text(text_) }) };
}

function quantity(value: unknown): string {
  const written = typeof value === 'number' ? `${value}` : text(value);
  parseQuantity(written);
  return written;
}

const seconds = (value: unknown): number => durationMilliseconds(text(value)) / 1000;

function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`must be true or false, not ${JSON.stringify(value)}`);
  return value;
}

function path(value: unknown): string {
  const written = text(value);
  if (written !== '' && !written.startsWith('/')) throw new TypeError('must be an absolute path');
  return written;
}

function address(value: unknown): string {
  const written = text(value);
  if (isIP(written) === 0) throw new TypeError(`must be IP addresses, not ${JSON.stringify(written)}`);
  return written;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`must be a string, not ${JSON.stringify(value)}`);
  return value;
}

function whole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new TypeError(`must be a whole number ${range}, not ${JSON.stringify(value)}`);
}

function map(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new TypeError(`must be a map, not ${JSON.stringify(value)}`);
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`must be a list, not ${JSON.stringify(value)}`);
  return value;
}
