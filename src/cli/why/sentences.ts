/** What there is to say about an object that does not come to rest: pure. */

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
}

export interface ObjectView {
  readonly metadata: Metadata;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & { readonly conditions?: readonly Condition[] };
}

interface ContainerView {
  readonly name: string;
  readonly ready: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number; readonly reason?: string };
  };
}

export interface PodView {
  readonly metadata: Metadata;
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerView[];
    readonly containerStatuses?: readonly ContainerView[];
  };
}

type Fields = Readonly<Record<string, unknown>>;

function count(fields: Fields, name: string, otherwise = 0): number {
  const value = fields[name];
  return typeof value === 'number' ? value : otherwise;
}

function replicas(spec: Fields, status: Fields): string {
  const updated = status['updatedReplicas'] === undefined ? '' : `, ${count(status, 'updatedReplicas')} up to date`;
  return `${count(status, 'availableReplicas')} of ${count(spec, 'replicas', 1)} pods available${updated}`;
}

function daemons(_: Fields, status: Fields): string {
  const wanted = count(status, 'desiredNumberScheduled');
  return wanted === 0
    ? 'no node is to have a pod of it: its node selector, affinity and tolerations fit none'
    : `pods available on ${count(status, 'numberAvailable')} of ${wanted} nodes`;
}

function completions(spec: Fields, status: Fields): string {
  const counts = ['succeeded', 'active', 'failed'].map((each) => `${count(status, each)} ${each}`);
  return `${counts.join(', ')}; it takes ${count(spec, 'completions', 1)} to complete, ${failures(spec)}`;
}

const progress: Readonly<Record<string, (spec: Fields, status: Fields) => string>> = {
  Deployment: replicas,
  ReplicaSet: replicas,
  ReplicationController: replicas,
  StatefulSet: replicas,
  DaemonSet: daemons,
  Job: completions,
  CronJob: (spec) => (spec['suspend'] === true ? 'suspended' : `schedule ${JSON.stringify(spec['schedule'])}`),
};

/** How far it has come, in one sentence; undefined for kinds whose conditions say it all. */
export function progressOf(kind: string, { spec = {}, status = {} }: ObjectView): string | undefined {
  const phase = typeof status['phase'] === 'string' ? status['phase'] : undefined;
  return progress[kind]?.(spec, status) ?? phase;
}

function failures({ backoffLimit, backoffLimitPerIndex }: Fields): string {
  if (typeof backoffLimitPerIndex === 'number') return `and ${backoffLimitPerIndex} failures of an index are forgiven`;
  return `and ${typeof backoffLimit === 'number' ? backoffLimit : 6} failures are forgiven`;
}

export function conditionLine({ type, status, reason = '', message = '' }: Condition): string {
  return [`${type}: ${status}`, ...(reason === '' ? [] : [reason]), ...(message === '' ? [] : [message])].join(', ');
}

/** Why a pod is not (yet) as it should be; undefined when it is. */
export function troubleOf(pod: PodView): string | undefined {
  const { metadata, status = {} } = pod;
  if (status.phase === 'Succeeded') return undefined;
  if (status.phase === 'Failed') return failureOf(status);
  if (metadata.deletionTimestamp !== undefined) return `is being deleted since ${metadata.deletionTimestamp}`;
  return placeTrouble(pod) ?? runningTrouble(pod);
}

function placeTrouble({ spec, status }: PodView): string | undefined {
  const placed = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (placed?.status === 'False') return `has no node, ${placed.reason ?? 'no reason given'}: ${placed.message ?? ''}`;
  return (spec?.nodeName ?? '') === '' ? 'has no node yet' : undefined;
}

function runningTrouble({ spec, status = {} }: PodView): string | undefined {
  const node = spec?.nodeName ?? '';
  const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = status;
  const [trouble] = [...initContainerStatuses, ...containerStatuses].flatMap((each) => containerTrouble(each) ?? []);
  if (trouble !== undefined) return `has trouble on ${node}: ${trouble}`;
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return `is on ${node} and not ready: ${ready?.message ?? 'its node has said nothing yet'}`;
}

function failureOf({ reason, message, containerStatuses = [] }: NonNullable<PodView['status']>): string {
  const said = [reason, message].filter((each) => each !== undefined && each !== '').join(': ');
  const ended = containerStatuses.flatMap((each) => containerTrouble(each) ?? []);
  return `has failed${said === '' ? '' : ` (${said})`}${ended.length === 0 ? '' : `: ${ended.join('; ')}`}`;
}

function containerTrouble({ name, state }: ContainerView): string | undefined {
  const { waiting, terminated } = state ?? {};
  if (waiting !== undefined && waiting.reason !== 'PodInitializing') {
    const message = waiting.message === undefined ? '' : `: ${waiting.message}`;
    return `container ${name} waits: ${waiting.reason ?? 'no reason given'}${message}`;
  }
  if (terminated !== undefined && terminated.exitCode !== 0) {
    return `container ${name} ended with exit code ${terminated.exitCode} (${terminated.reason ?? 'no reason given'})`;
  }
  return undefined;
}

const silentFields = new Set(['status', 'after', 'events', 'rest']);

/** What the plan of a controller holds, whatever its form; empty when it wants nothing. */
export function planLines(plan: unknown): readonly string[] {
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([name, value]: readonly [string, unknown]) => {
    if (silentFields.has(name) || value === undefined || value === false) return [];
    if (!Array.isArray(value)) return [`${name}: ${shown(value)}`];
    return value.length === 0 ? [] : [`${name}: ${value.map(shown).join(', ')}`];
  });
}

const longest = 200;

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const { metadata } = (value ?? {}) as {
    readonly metadata?: { readonly name?: string; readonly generateName?: string };
  };
  const text = metadata?.name ?? metadata?.generateName ?? JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
