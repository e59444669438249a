/**
 * All built-in admission plugins, in upstream's order.
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
import { isPluginEnabled, pluginNames, type Switches } from './names.ts';
import { nodeRestriction } from './node-restriction.ts';
import { podNodeSelector } from './node-selector.ts';
import { ownerReferencesPermission } from './owner-references.ts';
import { podSecurity, type PodSecurityOptions } from './pod-security/pod-security.ts';
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

export interface AdmissionOptions extends Switches {
  readonly reader: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
  /** Asked by plugins that demand further rights. */
  readonly authorizer: Authorizer;
  /** The kind of an owner reference, if it is served. */
  readonly findKind: (apiVersion: string, kind: string) => Kind | undefined;
  /** Makes a namespace, for NamespaceAutoProvision. */
  readonly createNamespace: (name: string) => Promise<unknown>;
  readonly eventLimits?: readonly EventLimit[] | undefined;
  readonly podSecurity?: PodSecurityOptions | undefined;
  /** Plugins made elsewhere (webhooks, policies): they run after all built-in ones. */
  readonly further?: readonly AdmissionPlugin[];
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
    nodeRestriction(reader, authorizer),
    taintNodesByCondition(),
    alwaysPullImages(),
    podSecurity(reader, options.podSecurity),
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
