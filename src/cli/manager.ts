/** What the commands ask of a cluster on this machine. Implemented by the composition root (src/cluster). */
export interface ClusterManager {
  readonly name: string;
  readonly dataDir: string;
  /** How to call a command on this cluster, for hints: `coracle up --name test`. */
  command(words: string): string;
  /** On a machine that has joined another's cluster: starts its node. */
  up(options: UpOptions, progress: Progress, signal: AbortSignal): Promise<UpResult | JoinResult>;
  /** Makes this machine a node of another's cluster; on one that is, starts it again. */
  join(options: JoinOptions, progress: Progress, signal: AbortSignal): Promise<JoinResult>;
  down(options: DownOptions, progress: Progress): Promise<DownResult>;
  status(): Promise<ClusterStatus>;
  /** Starts pods and measures the steps of that; takes them away again. Throws UserError when one does not start. */
  benchPods(options: PodBenchmarkOptions, progress: Progress, signal: AbortSignal): Promise<readonly PodTimes[]>;
  /** Deletes all data. Throws when the cluster runs. */
  reset(): Promise<void>;
  /** Log files by process name. */
  logFiles(): readonly { readonly name: string; readonly path: string }[];
  /** Asks the running cluster as its administrator; the answer's JSON. */
  ask(path: string): Promise<unknown>;
  /** Adds a node on this machine; without a name it gets one. Waits until it is ready when the cluster runs. */
  addNode(name: string | undefined, progress: Progress, signal: AbortSignal): Promise<string>;
  removeNode(name: string, options: RemoveNodeOptions, progress: Progress, signal: AbortSignal): Promise<void>;
  listNodes(): Promise<readonly NodeRow[]>;
  /** Pulls a node's network cable, or plugs it in again. */
  setNodeConnected(name: string, connected: boolean): Promise<void>;
  /** A new key for Secrets on the disk; everything is written again under it. */
  rotateSecrets(): Promise<RotatedSecrets>;
  /** Keys of service accounts' tokens. `force`: retire although pods may still use older ones. */
  signingKeys(action: SigningKeyAction, force: boolean): Promise<SigningKeyList>;
  /** Looks at the running cluster as a benchmark of security asks. */
  audit(): Promise<AuditReport>;
  /** A kubeconfig for somebody else. */
  addUser(request: UserRequest): Promise<NewUser>;
  createToken(options: TokenOptions): Promise<NewToken>;
  listTokens(): Promise<readonly TokenRow[]>;
  /** By the token or its first half, which it returns. */
  deleteToken(name: string): Promise<string>;
  loadImages(file: string, progress: Progress): Promise<readonly string[]>;
  listImages(): Promise<readonly ImageRow[]>;
  removeImage(reference: string): Promise<void>;
}

export interface Progress {
  /** Something that takes a while begins. */
  begin(what: string): void;
  /** A step is done. */
  phase(name: string, milliseconds: number): void;
  /** Anything else worth a line. */
  note(line: string): void;
}

export interface UpOptions {
  /** 0: any free port. */
  readonly port?: number;
  readonly kubeconfig?: string;
  /** Run in this process's terminal until it is interrupted. */
  readonly foreground: boolean;
  readonly nodes?: number;
  readonly backend?: 'vxlan' | 'routes';
  /** CRI socket of the runtime to use instead of the built-in one. Chosen at the first start. */
  readonly runtimeEndpoint?: string;
  readonly guards?: GuardFlags;
  /** Files of a certificate authority to use instead of one of the cluster's own. */
  readonly authority?: { readonly certificate: string; readonly key: string };
  /** For how long certificates are good, such as `8760h`. */
  readonly certificateValidityPeriod?: string;
  /** This machine's address for others; empty: that of the default route. */
  readonly advertiseAddress?: string;
  /** Where Services of type LoadBalancer get their addresses; empty: the default. */
  readonly loadBalancerPool?: string;
  /** How many nodes are to exist in the API only; absent: as it is set. */
  readonly simulatedNodes?: number;
  /** Path of a KubeletConfiguration. Absent: as it is set; empty: none. */
  readonly kubeletConfig?: string;
  /** Path of a KubeSchedulerConfiguration. Absent: as it is set; empty: none. */
  readonly schedulerConfig?: string;
}

export interface JoinOptions {
  /** Host and port of the API server. Absent: as it was when this machine joined. */
  readonly address?: string;
  readonly token?: string;
  /** `sha256:` and the hash of the authority's public key in hex. */
  readonly hash?: string;
  readonly nodeName?: string;
  readonly nodeAddress?: string;
  readonly runtimeEndpoint?: string;
}

export interface JoinResult {
  readonly joined: true;
  /** Whether this was the first time. */
  readonly isNew: boolean;
  readonly alreadyRunning: boolean;
  readonly node: string;
  readonly server: string;
  readonly milliseconds: number;
}

export interface TokenOptions {
  /** Absent: a new one. */
  readonly token?: string;
  /** 0: without an end. */
  readonly ttlSeconds: number;
  readonly description?: string;
}

export interface NewToken {
  readonly token: string;
  /** Of the authority's public key. */
  readonly hash: string;
  /** Host and port of the API server. */
  readonly address: string;
  /** What to run on the other machine. */
  readonly command: string;
  /** Milliseconds since the epoch; absent: never. */
  readonly expires?: number;
}

export interface TokenRow {
  readonly token: string;
  /** Milliseconds since the epoch; absent: never; NaN: cannot be read. */
  readonly expires?: number;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
  readonly description: string;
}

/** Absent: as it is set; empty: back to the default. */
export interface GuardFlags {
  /** Names of admission plugins beside, and taken off, the default ones. */
  readonly enableAdmission?: readonly string[];
  readonly disableAdmission?: readonly string[];
  /** Path of the audit policy; without one nothing is logged. */
  readonly auditPolicy?: string;
  /** Path of the audit log; the cluster's log folder when not said. */
  readonly auditLog?: string;
  /** Path of what is set of admission plugins, kind AdmissionConfiguration. */
  readonly admissionConfig?: string;
  /** `true` or `false`. */
  readonly anonymous?: string;
  /** Path of static tokens. */
  readonly tokenFile?: string;
  /** An OpenID provider. */
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  /** `KEY=VALUE` each. */
  readonly oidcRequiredClaims?: readonly string[];
  readonly oidcSigningAlgorithms?: readonly string[];
  /** Path of PEM certificates. */
  readonly oidcAuthority?: string;
  /** Kubeconfigs of webhooks for tokens and for access, and for how long their answers count. */
  readonly tokenWebhook?: string;
  readonly tokenWebhookCacheTtl?: string;
  readonly authorizationModes?: readonly string[];
  readonly authorizationWebhook?: string;
  readonly authorizationWebhookAuthorizedTtl?: string;
  readonly authorizationWebhookUnauthorizedTtl?: string;
}

export interface UserRequest {
  readonly name: string;
  readonly groups: readonly string[];
  /** How long the certificate is good. */
  readonly days: number;
  readonly namespace?: string;
  /** A cluster role to give. */
  readonly role?: string;
}

export interface NewUser {
  /** As the file holds it. */
  readonly kubeconfig: object;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Which role was given, and where, in words. */
  readonly bound?: string;
}

/** `warn`: somebody has to judge it. */
export type AuditVerdict = 'pass' | 'fail' | 'warn' | 'not-applicable';

export interface AuditFinding {
  /** Of the benchmark, such as `1.2.6`. */
  readonly id: string;
  readonly title: string;
  readonly verdict: AuditVerdict;
  readonly found: string;
  /** '' when there is nothing to mend. */
  readonly remedy: string;
}

export interface AuditReport {
  readonly benchmark: string;
  readonly findings: readonly AuditFinding[];
}

export interface RotatedSecrets {
  readonly rewritten: number;
  /** Id of the new key. */
  readonly key: string;
}

export type SigningKeyAction = 'ls' | 'rotate' | 'retire';

export interface SigningKeyList {
  /** The newest first. */
  readonly keys: readonly { readonly id: string; readonly signs: boolean }[];
  /** When pods will have tokens of the key that signs, RFC 3339; absent when they have. */
  readonly settledAt?: string;
  /** Tokens in Secrets that were made anew. */
  readonly rewritten?: number;
}

export interface UpResult {
  readonly joined?: never;
  readonly alreadyRunning: boolean;
  readonly kubeconfig: string;
  readonly context: string;
  readonly server: string;
  readonly nodes: readonly string[];
  /** How many more there are in the API only. */
  readonly simulatedNodes: number;
  readonly phases: readonly { readonly name: string; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

/** What `down` gives containers to end when nobody says. */
export const defaultGraceSeconds = 10;

export interface DownOptions {
  readonly keepPods: boolean;
  /** Seconds that containers get to end after their stop signal; 0: they are killed. */
  readonly graceSeconds: number;
}

export interface PodBenchmarkOptions {
  readonly count: number;
  /** Pods that start at the same time. */
  readonly parallel: number;
  readonly image: string;
}

/** Milliseconds of each step of one pod's start, in their order; `running` and `ready` are whole times. */
export type PodTimes = Readonly<Record<PodTimesKey, number>>;
export const podTimesKeys = [
  'created',
  'scheduled',
  'volumes',
  'sandbox',
  'image',
  'container',
  'process',
  'probe',
  'running',
  'ready',
] as const;
type PodTimesKey = (typeof podTimesKeys)[number];

export interface DownResult {
  readonly wasRunning: boolean;
  readonly stoppedPods: number;
}

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  readonly ready: boolean;
  readonly startedAt: string;
  readonly rssBytes: number;
  readonly pssBytes: number;
  readonly log: string;
}

export interface ClusterStatus {
  readonly name: string;
  readonly state: 'running' | 'degraded' | 'starting' | 'stopped' | 'absent';
  readonly dataDir: string;
  readonly version: string;
  readonly processes: readonly ProcessStatus[];
  readonly endpoints: Readonly<Record<string, string>>;
  readonly pods?: number;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** On a machine that has joined: its node, and where the API server is. */
  readonly joined?: { readonly node: string; readonly server: string };
}

export interface RemoveNodeOptions {
  /** Without draining. */
  readonly force: boolean;
  readonly timeoutSeconds: number;
}

export interface NodeRow {
  readonly name: string;
  readonly address: string;
  /** The machine itself, namespaces on it, or a machine that has joined. */
  readonly place: 'machine' | 'namespace' | 'joined';
  /** Absent while it does not run. */
  readonly connected?: boolean;
  readonly ready?: boolean;
}

export interface ImageRow {
  readonly references: readonly string[];
  readonly id: string;
  readonly sizeBytes: number;
}
