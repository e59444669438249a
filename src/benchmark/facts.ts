/** What was seen of a running cluster, for the checks to judge. Gathered by the composition root. */
import type { ConfigMap } from '../api/core/config-map.ts';
import type { Namespace } from '../api/core/namespace.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Secret } from '../api/core/secret.ts';
import type { ServiceAccount } from '../api/core/service-account.ts';
import type { NetworkPolicy } from '../api/networking/network-policy.ts';
import type { ClusterRoleBinding } from '../api/rbac/cluster-role-binding.ts';
import type { ClusterRole } from '../api/rbac/cluster-role.ts';
import type { RoleBinding } from '../api/rbac/role-binding.ts';
import type { Role } from '../api/rbac/role.ts';

/** What a file is for; a file may be looked at for several purposes. */
export type FilePurpose =
  | 'settings'
  | 'store'
  | 'administrator'
  | 'pki'
  | 'certificate'
  | 'key'
  | 'proxy'
  | 'node'
  | 'authority'
  | 'network';

export interface FileFact {
  readonly path: string;
  readonly purpose: FilePurpose;
  readonly directory: boolean;
  /** The nine permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a server showed of its TLS. */
export interface TlsFact {
  /** `host:port` */
  readonly address: string;
  /** Why no connection came about; then the rest is empty. */
  readonly unreachable?: string;
  /** Why the certificate does not convince a client that trusts the cluster's authority. */
  readonly distrusted?: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Versions before 1.2 that it would speak. */
  readonly oldVersions: readonly string[];
  /** Ciphers without forward secrecy or authenticated encryption that it would use. */
  readonly weakCiphers: readonly string[];
}

export interface Answer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The answer's message, or why there was none. */
  readonly message: string;
}

export interface ApiFacts {
  readonly tls: TlsFact;
  /** Status codes of GETs without credentials, by path. */
  readonly anonymous: Readonly<Record<string, number>>;
  /** A client certificate for system:masters from an authority that is not the cluster's. */
  readonly foreignCertificate: Answer;
  /** As the administrator's own certificate is known. */
  readonly administrator: Answer;
  /** Whether a token, properly signed, of a service account that does not exist is taken for good. */
  readonly orphanTokenAccepted: boolean;
  /** What a user whom nobody has given anything was allowed, such as `get secrets`. */
  readonly strangerMay: readonly string[];
  /** What a node that does not exist was allowed. */
  readonly strangeNodeMay: readonly string[];
  /** A node changing another node's labels. */
  readonly foreignNodeWrite: Answer;
  readonly profiling: Answer;
  /** Nothing of these stays: they are dry runs. */
  readonly dryRuns: {
    readonly pod: Answer & { readonly object?: Pod };
    readonly serviceWithExternalAddress: Answer;
    readonly objectInMissingNamespace: Answer;
  };
  /** Thumbprints of the keys that the server publishes, and those of the key files. */
  readonly publishedKeys: readonly string[];
  readonly keyFiles: { readonly signing: string; readonly verifying: readonly string[] };
  /** Seconds that a pod's token asked for `tokenSecondsAsked` is good; 0 when no pod has an account. */
  readonly tokenSeconds: number;
}

export const tokenSecondsAsked = 3_607;

export interface AuditLogFacts {
  readonly path: string;
  readonly maxBytes: number;
  readonly backups: number;
  readonly rotateAfterDays: number;
  readonly file?: FileFact;
  /** The level at which the policy logs each of `auditedRequests`. */
  readonly levels: Readonly<Record<string, string>>;
}

/** Requests that a policy is asked about: verb, group, resource, subresource. */
export const auditedRequests: Readonly<Record<string, readonly [string, string, string, string]>> = {
  'reading Secrets': ['get', '', 'secrets', ''],
  'changing Secrets': ['update', '', 'secrets', ''],
  'reading ConfigMaps': ['get', '', 'configmaps', ''],
  'token reviews': ['create', 'authentication.k8s.io', 'tokenreviews', ''],
  'creating pods': ['create', '', 'pods', ''],
  'changing Deployments': ['update', 'apps', 'deployments', ''],
  'exec into pods': ['create', '', 'pods', 'exec'],
  'port-forward to pods': ['create', '', 'pods', 'portforward'],
  'proxy to pods': ['get', '', 'pods', 'proxy'],
  'proxy to Services': ['get', '', 'services', 'proxy'],
};

export interface SettingsFacts {
  readonly tokenFile: boolean;
  readonly otherIdentities: readonly string[];
  readonly authorizationModes: readonly string[];
  readonly enabledPlugins: readonly string[];
  readonly auditLog?: AuditLogFacts;
  readonly terminatedPodThreshold: number;
}

export interface StoreFacts {
  /** Secrets of which the raw bytes of the database were searched. */
  readonly searched: number;
  /** Of them, those whose content lay there in plain text, `namespace/name`. */
  readonly inPlainText: readonly string[];
  /** Records of Secrets that are sealed. */
  readonly sealed: number;
  /** Bits of the current key. */
  readonly keyBits: number;
}

/** A port that one of the cluster's processes listens on. */
export interface Listener {
  readonly process: string;
  readonly address: string;
  readonly port: number;
}

export interface KubeletFacts {
  readonly node: string;
  readonly tls: TlsFact;
  /** GET /pods without credentials. */
  readonly anonymous: Answer;
  /** As a user whom nobody has given anything. */
  readonly stranger: Answer;
  readonly foreignCertificate: Answer;
  /** What answers at the old read-only port; undefined when nothing does. */
  readonly readOnlyPort?: string;
  /** Seconds; 0: never cut. */
  readonly streamingIdleTimeout: number;
  readonly podPidsLimit: number;
  readonly seccompDefault: boolean;
}

export interface ObjectFacts {
  readonly namespaces: readonly Namespace[];
  readonly pods: readonly Pod[];
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
  readonly serviceAccounts: readonly ServiceAccount[];
  readonly roles: readonly Role[];
  readonly clusterRoles: readonly ClusterRole[];
  readonly roleBindings: readonly RoleBinding[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly networkPolicies: readonly NetworkPolicy[];
  /** Names of webhooks and policies that look at pods, and of Services outside the system's namespaces. */
  readonly podGuards: readonly string[];
  readonly services: readonly string[];
}

export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly files: readonly FileFact[];
  readonly settings: SettingsFacts;
  readonly api: ApiFacts;
  readonly store: StoreFacts;
  readonly listeners: readonly Listener[];
  readonly kubelets: readonly KubeletFacts[];
  readonly objects: ObjectFacts;
}
