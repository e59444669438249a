/**
 * What the file of --admission-control-config-file sets: kind AdmissionConfiguration, apiserver.config.k8s.io/v1,
 * with the settings of a plugin in place or in a file of its own.
 *
 * Formats: k8s.io/pod-security-admission admission/api, plugin/pkg/admission/eventratelimit/apis.
 */
import { isRecord } from '../../schema/freeze.ts';
import { parseYaml } from '../../schema/yaml.ts';
import type { EventLimit } from './event-rate-limit.ts';
import { policyOf, type Policy } from './pod-security/level.ts';
import type { PodSecurityOptions } from './pod-security/pod-security.ts';

export interface AdmissionConfiguration {
  readonly podSecurity?: PodSecurityOptions;
  readonly eventLimits?: readonly EventLimit[];
}

/** The file can't be used as it is; the message says why, and where. */
export class AdmissionConfigurationError extends Error {
  override readonly name = 'AdmissionConfigurationError';
}

/** `readFile`: the text of a plugin's own file, by the path as it stands there. Throws AdmissionConfigurationError. */
export async function readAdmissionConfiguration(
  text: string,
  readFile: (path: string) => string,
): Promise<AdmissionConfiguration> {
  const root = await parsed(text);
  if (root['kind'] !== 'AdmissionConfiguration' || root['apiVersion'] !== 'apiserver.config.k8s.io/v1') {
    throw new AdmissionConfigurationError(
      'it must be of kind AdmissionConfiguration, apiVersion apiserver.config.k8s.io/v1',
    );
  }
  const { plugins = [] } = root;
  if (!Array.isArray(plugins)) throw new AdmissionConfigurationError('plugins: must be a list');
  let result: AdmissionConfiguration = {};
  for (const [index, plugin] of plugins.entries()) {
    const at = `plugins[${index}]`;
    if (!isRecord(plugin)) throw new AdmissionConfigurationError(`${at}: must be an object`);
    const { name, configuration, path } = plugin;
    const read = typeof name === 'string' ? readers[name] : undefined;
    if (read === undefined) {
      throw new AdmissionConfigurationError(
        `${at}.name: nothing can be set of ${String(name)}, but of ${Object.keys(readers).join(' and ')}`,
      );
    }
    const settings = typeof path === 'string' && path !== '' ? await parsed(readFile(path)) : configuration;
    if (!isRecord(settings)) throw new AdmissionConfigurationError(`${at}.configuration: must be an object`);
    result = { ...result, ...read(settings, `${at}.configuration`) };
  }
  return result;
}

async function parsed(text: string): Promise<Record<string, unknown>> {
  const { value } = await parseYaml(text);
  if (!isRecord(value)) throw new AdmissionConfigurationError('it must hold an object');
  return value;
}

type Reader = (settings: Record<string, unknown>, at: string) => AdmissionConfiguration;

const readers: Readonly<Record<string, Reader>> = {
  PodSecurity: (settings, at) => ({ podSecurity: readPodSecurity(settings, at) }),
  EventRateLimit: (settings, at) => ({ eventLimits: readEventLimits(settings, at) }),
};

const modes = ['enforce', 'audit', 'warn'];
const defaultFields = new Set(modes.flatMap((mode) => [mode, `${mode}-version`]));
const exemptionFields = ['usernames', 'namespaces', 'runtimeClasses'] as const;

function readPodSecurity(settings: Record<string, unknown>, at: string): PodSecurityOptions {
  checkKind(settings, at, 'PodSecurityConfiguration', 'pod-security.admission.config.k8s.io/v1');
  const { defaults = {}, exemptions = {} } = settings;
  if (!isRecord(defaults) || !isRecord(exemptions)) {
    throw new AdmissionConfigurationError(`${at}: defaults and exemptions must be objects`);
  }
  const unknown = Object.keys(exemptions).find((field) => !exemptionFields.some((each) => each === field));
  if (unknown !== undefined) throw new AdmissionConfigurationError(`${at}.exemptions.${unknown}: is not known`);
  const [usernames = [], namespaces = [], runtimeClasses = []] = exemptionFields.map((field) =>
    namesOf(exemptions[field] ?? [], `${at}.exemptions.${field}`),
  );
  return { defaults: defaultsOf(defaults, `${at}.defaults`), exemptions: { usernames, namespaces, runtimeClasses } };
}

/** The same words as the labels of a namespace. */
function defaultsOf(defaults: Record<string, unknown>, at: string): Policy {
  const labels: Record<string, string> = {};
  for (const [field, value] of Object.entries(defaults)) {
    if (!defaultFields.has(field) || typeof value !== 'string') {
      throw new AdmissionConfigurationError(
        `${at}.${field}: must be one of ${[...defaultFields].join(', ')}, and a text`,
      );
    }
    labels[`pod-security.kubernetes.io/${field}`] = value;
  }
  // Without a level of its own, a mode is open: what a namespace warns of by itself is not a default.
  for (const mode of modes) labels[`pod-security.kubernetes.io/${mode}`] ??= 'privileged';
  const { policy, faults } = policyOf(labels);
  const [fault] = faults;
  if (fault !== undefined) throw new AdmissionConfigurationError(`${at}: ${fault.body}`);
  return policy;
}

function namesOf(value: unknown, at: string): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')) return value as string[];
  throw new AdmissionConfigurationError(`${at}: must be a list of names`);
}

const limitTypes = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;

function readEventLimits(settings: Record<string, unknown>, at: string): readonly EventLimit[] {
  checkKind(settings, at, 'Configuration', 'eventratelimit.admission.k8s.io/v1alpha1');
  const { limits } = settings;
  if (!Array.isArray(limits) || limits.length === 0)
    throw new AdmissionConfigurationError(`${at}.limits: at least one is needed`);
  return limits.map((limit: unknown, index) => {
    const { type: given, qps, burst } = isRecord(limit) ? limit : {};
    const type = limitTypes.find((each) => each === given);
    if (type === undefined) {
      throw new AdmissionConfigurationError(`${at}.limits[${index}].type: must be one of ${limitTypes.join(', ')}`);
    }
    if (typeof qps !== 'number' || typeof burst !== 'number' || qps <= 0 || burst < qps) {
      throw new AdmissionConfigurationError(`${at}.limits[${index}]: qps must be above 0, and burst not below qps`);
    }
    return { type, perSecond: qps, burst };
  });
}

function checkKind({ kind, apiVersion }: Record<string, unknown>, at: string, wanted: string, version: string): void {
  if (kind === wanted && apiVersion === version) return;
  throw new AdmissionConfigurationError(`${at}: must be of kind ${wanted}, apiVersion ${version}`);
}
