/**
 * DELETE. Three ways, as upstream:
 *
 * - gracefully: Pods that run somewhere get a deletionTimestamp in the future, and their node deletes them;
 * - with finalizers (their own, or `orphan` and `foregroundDeletion` from the propagation policy): the object
 *   is marked, and goes when the last finalizer does;
 * - at once.
 */
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { deepClone, deepEqual } from '../../schema/freeze.ts';
import { forbidden as forbiddenField, invalid as invalidField, notSupported, type Fault } from '../../schema/fault.ts';
import type { Entry } from '../../store/store.ts';
import { conflict, invalid, notFound } from '../errors.ts';
import { admissionOf } from './admit.ts';
import { Overtaken, putObject, removeObject } from './commit.ts';
import { claimOf, type Registry, type Target, type WriteContext } from './context.ts';
import { keyOf } from './resources.ts';
import { isHeld, markNamespace } from './namespace-deletion.ts';
import { draftMeta, metaOf, type DraftObject, type Snapshot } from './snapshot.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: readonly string[];
}

export interface Deleted {
  /** The object as it was last, or as it is while it is being deleted. */
  readonly snapshot: Snapshot;
  /** It is gone; otherwise it is marked. */
  readonly gone: boolean;
}

const mostAttempts = 30;
const policies = ['Foreground', 'Background', 'Orphan'];

export async function deleteObject(
  registry: Registry,
  target: Target,
  options: DeleteOptions,
  context: WriteContext,
): Promise<Deleted> {
  checkOptions(options);
  const { resource, namespace, name } = target;
  const warning = warnOfOrphans(target, options);
  if (warning !== undefined) context.warn(warning);
  for (let attempt = 1; ; attempt += 1) {
    const old = registry.store.get(keyOf(resource, namespace, name));
    if (old === undefined) throw notFound(resource.name, name);
    checkPreconditions(target, options, old);
    const admission = admissionOf(registry, context, {
      operation: 'DELETE',
      target,
      old,
      options: options as Readonly<Record<string, unknown>>,
    });
    await admission.admit();
    await admission.validate();
    try {
      return await attemptDelete(registry, target, options, old, context);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (attempt >= mostAttempts) throw conflict(resource.name, name);
    }
  }
}

function checkOptions(options: DeleteOptions): void {
  const { propagationPolicy: policy, orphanDependents } = options;
  const faults: Fault[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    faults.push(
      invalidField('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  if (policy !== undefined && !policies.includes(policy)) {
    faults.push(notSupported('propagationPolicy', policy, [...policies, 'nil']));
  }
  const dryRun = options.dryRun ?? [];
  if (dryRun.some((each) => each !== 'All')) faults.push(notSupported('dryRun', dryRun, ['All']));
  if (options.preconditions !== undefined && typeof options.preconditions !== 'object') {
    faults.push(forbiddenField('preconditions', 'must be an object'));
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
}

/** Throws 409 when the stored object is not the one that is meant. */
export function checkPreconditions({ resource, name }: Target, { preconditions }: DeleteOptions, old: Entry): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const of = { group: resource.kind.group, resource: resource.kind.kind };
  const present = metaOf(old.value).uid ?? '';
  if (uid !== undefined && uid !== present) {
    const detail = `the UID in the precondition (${uid}) does not match the UID in record (${present}). The object might have been deleted and then recreated`;
    throw conflict(of, name, detail);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(old.revision)) {
    const detail = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.revision}). The object might have been modified`;
    throw conflict(of, name, detail);
  }
}

async function attemptDelete(
  registry: Registry,
  target: Target,
  options: DeleteOptions,
  old: Entry,
  context: WriteContext,
): Promise<Deleted> {
  const grace = graceOf(target, options, old, registry.clock.now());
  if (grace.type === 'pending') return { snapshot: old, gone: false };
  const finalizers = finalizersOf(metaOf(old.value).finalizers ?? [], options, target);
  if (grace.type === 'graceful' || finalizers.length > 0 || isHeld(target.resource.storage, old.value)) {
    const draft = deepClone(old.value) as DraftObject;
    mark(registry, draft, grace, finalizers);
    markNamespace(target.resource.storage, draft);
    if (deepEqual(draft, old.value)) return { snapshot: old, gone: false };
    const snapshot = await putObject(registry, target, draft, context, {
      expect: old.revision,
      claim: undefined,
      shown: old.revision,
    });
    return { snapshot, gone: false };
  }
  if (context.dryRun) return { snapshot: old, gone: true };
  const claim = claimOf(registry, { operation: 'DELETE', target, old, context });
  const revision = await removeObject(registry, target, old.revision, claim);
  return { snapshot: { value: old.value, bytes: old.bytes, revision }, gone: true };
}

type Grace =
  /** Now, or as soon as the finalizers are gone. */
  | { readonly type: 'none' }
  /** It is on its way already; this request changes nothing. */
  | { readonly type: 'pending' }
  | { readonly type: 'graceful'; readonly seconds: number; readonly at: number };

function graceOf(target: Target, options: DeleteOptions, old: Entry, now: number): Grace {
  const { storage } = target.resource;
  if (storage.group !== '' || storage.kind !== 'Pod') return { type: 'none' };
  const meta = metaOf(old.value);
  const asked = options.gracePeriodSeconds === undefined ? undefined : atLeast(options.gracePeriodSeconds);
  if (meta.deletionTimestamp !== undefined)
    return shorten(meta.deletionTimestamp, meta.deletionGracePeriodSeconds, asked, now);
  const seconds = podGrace(old.value, asked);
  // Zero is a deletion at once, but upstream still marks the object first; nobody can see the difference here.
  return seconds === 0 ? { type: 'none' } : { type: 'graceful', seconds, at: now + seconds * 1000 };
}

/** Negative periods count as one second. */
const atLeast = (seconds: number): number => (seconds < 0 ? 1 : seconds);

function podGrace(value: object, asked: number | undefined): number {
  const { spec, status } = value as {
    readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
    readonly status?: { readonly phase?: string };
  };
  // Nobody runs it: there is nobody to wait for.
  if (spec?.nodeName === undefined || spec.nodeName === '') return 0;
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  return asked ?? atLeast(spec.terminationGracePeriodSeconds ?? 30);
}

/** A pod that is being deleted: the period may only become shorter. */
function shorten(deletion: string, present: number | undefined, asked: number | undefined, now: number): Grace {
  if (present === undefined || present === 0) return { type: 'none' };
  if (asked === undefined || asked >= present) return { type: 'pending' };
  if (asked === 0) return { type: 'none' };
  const at = parseTimestamp(deletion) - present * 1000 + asked * 1000;
  return at < now ? { type: 'graceful', seconds: 1, at: now } : { type: 'graceful', seconds: asked, at };
}

/** The finalizers that the propagation policy leaves or adds. */
function finalizersOf(present: readonly string[], options: DeleteOptions, target: Target): readonly string[] {
  const { propagationPolicy: policy, orphanDependents } = options;
  const others = present.filter((each) => each !== 'orphan' && each !== 'foregroundDeletion');
  if (orphanDependents === true || policy === 'Orphan') return [...others, 'orphan'];
  if (policy === 'Foreground') return [...others, 'foregroundDeletion'];
  if (orphanDependents === false || policy === 'Background') return others;
  if (target.subresource !== '') return others;
  return others.length === present.length && orphansByDefault(target) ? [...present, 'orphan'] : present;
}

/** Versions from before dependents went with their owners, which still leave them when nobody says otherwise. */
const orphaning: ReadonlySet<string> = new Set([
  'v1 ReplicationController',
  'batch/v1 Job',
  'batch/v1beta1 CronJob',
  ...['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'].flatMap((version) =>
    ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map((kind) => `${version} ${kind}`),
  ),
]);

function orphansByDefault({ resource: { kind } }: Target): boolean {
  return orphaning.has(`${kind.apiVersion} ${kind.kind}`);
}

/** As upstream words it, for the one of them that people are surprised by. */
function warnOfOrphans(
  { resource }: Target,
  { propagationPolicy, orphanDependents }: DeleteOptions,
): string | undefined {
  if (resource.kind.kind !== 'Job' || propagationPolicy !== undefined || orphanDependents !== undefined)
    return undefined;
  return (
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them ' +
    'or set propagationPolicy=Orphan to suppress this warning'
  );
}

function mark(registry: Registry, draft: DraftObject, grace: Grace, finalizers: readonly string[]): void {
  const meta = draftMeta(draft);
  const now = registry.clock.now();
  const marked = meta.deletionTimestamp !== undefined;
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  if (grace.type === 'graceful') {
    meta.deletionTimestamp = timestamp(grace.at);
    meta.deletionGracePeriodSeconds = grace.seconds;
  } else {
    meta.deletionTimestamp ??= timestamp(now);
    meta.deletionGracePeriodSeconds = 0;
  }
  if (!marked && (meta.generation ?? 0) > 0) meta.generation = (meta.generation ?? 0) + 1;
}
