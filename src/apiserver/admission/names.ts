/**
 * Which admission plugins there are and which of them run: the default ones, changed by name.
 *
 * Order and defaults: pkg/kubeapiserver/options/plugins.go. NodeRestriction is on here, as kubeadm has it.
 */

/** Run when nobody says otherwise. */
const defaultPlugins: ReadonlySet<string> = new Set([
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
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

export interface Switches {
  /** Names of plugins that run beside the default ones. */
  readonly enable?: readonly string[];
  /** Names of plugins that don't run. */
  readonly disable?: readonly string[];
}

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
