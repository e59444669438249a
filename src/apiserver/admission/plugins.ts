/**
 * All built-in admission plugins in upstream's order, and which of them run: the default ones, changed by name.
 *
 * Order and defaults: pkg/kubeapiserver/options/plugins.go. NodeRestriction is on here, as kubeadm has it.
 */
import type { Kind } from '../../api/kind.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader } from '../access.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { defaultEventLimits, eventRateLimit, type EventLimit } from './event-rate-limit.ts';
import { denyServiceExternalAddresses } from './external-addresses.ts';
import { alwaysPullImages } from './images.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceAutoProvision, namespaceExists, namespaceLifecycle } from './namespace.ts';
import { nodeRestriction } from './node-restriction.ts';
import { podNodeSelector } from './node-selector.ts';
import { ownerReferencesPermission } from './owner-references.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podPriority } from './priority.ts';
import { runtimeClassAdmission } from './runtime-class.ts';
import { serviceAccountAdmission } from './service-account.ts';
import {
  defaultIngressClass,
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from './storage.ts';
import { defaultTolerationSeconds, extendedResourceToleration, taintNodesByCondition } from './tolerations.ts';

export interface AdmissionOptions {
  readonly reader: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
  /** Asked by plugins that demand further rights. */
  readonly authorizer: Authorizer;
  /** The kind of an owner reference, if it is served. */
  readonly findKind: (apiVersion: string, kind: string) => Kind | undefined;
  /** Makes a namespace, for NamespaceAutoProvision. */
  readonly createNamespace: (name: string) => Promise<unknown>;
  /** Names of plugins that run beside the default ones. */
  readonly enable?: readonly string[];
  /** Names of plugins that don't run. */
  readonly disable?: readonly string[];
  readonly eventLimits?: readonly EventLimit[];
  /** Plugins made elsewhere (webhooks, policies): they run after all built-in ones. */
  readonly further?: readonly AdmissionPlugin[];
}

/** Run when nobody says otherwise. */
const defaultPlugins: ReadonlySet<string> = new Set([
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'PodSecurity',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  // Counted when the object is written: see quota/.
  'ResourceQuota',
]);

/** All names that the flags take, in the order in which the plugins run. */
export const pluginNames: readonly string[] = [
  'NamespaceAutoProvision',
  'NamespaceLifecycle',
  'NamespaceExists',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'AlwaysPullImages',
  'PodSecurity',
  'PodNodeSelector',
  'Priority',
  'DefaultTolerationSeconds',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DenyServiceExternalIPs',
  'ResourceQuota',
];

type Switches = Pick<AdmissionOptions, 'enable' | 'disable'>;

export function isPluginEnabled(name: string, { enable = [], disable = [] }: Switches): boolean {
  if (disable.includes(name)) return false;
  return enable.includes(name) || defaultPlugins.has(name);
}

/** Names that no plugin has, in the words in which flags are refused; undefined when all are known. */
export function pluginComplaint({ enable = [], disable = [] }: Switches): string | undefined {
  const unknown = [...enable, ...disable].filter((name) => !pluginNames.includes(name));
  if (unknown.length > 0) return `admission plugin ${JSON.stringify(unknown[0])} is unknown`;
  const both = enable.filter((name) => disable.includes(name));
  return both.length > 0 ? `admission plugin ${JSON.stringify(both[0])} is both enabled and disabled` : undefined;
}

export function admissionPlugins(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const made = new Map(builtIn(options).map((plugin) => [plugin.name, plugin]));
  const ordered = pluginNames.flatMap((name) => made.get(name) ?? []);
  return [...ordered.filter(({ name }) => isPluginEnabled(name, options)), ...(options.further ?? [])];
}

function builtIn(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { reader, random, clock, authorizer } = options;
  return [
    namespaceAutoProvision(reader, options.createNamespace),
    namespaceLifecycle(reader),
    namespaceExists(reader),
    limitRanger(reader),
    serviceAccountAdmission(reader, random),
    nodeRestriction(reader),
    taintNodesByCondition(),
    alwaysPullImages(),
    podSecurity(reader),
    podNodeSelector(reader),
    podPriority(reader),
    defaultTolerationSeconds(),
    eventRateLimit(clock, options.eventLimits ?? defaultEventLimits),
    extendedResourceToleration(),
    defaultStorageClass(reader),
    storageObjectInUseProtection(),
    ownerReferencesPermission(authorizer, options.findKind),
    persistentVolumeClaimResize(reader),
    runtimeClassAdmission(reader),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction(),
    defaultIngressClass(reader),
    denyServiceExternalAddresses(),
  ];
}
