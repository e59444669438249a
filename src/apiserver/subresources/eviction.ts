/** `pods/NAME/eviction`: a deletion that a PodDisruptionBudget may put off. */
import { timestamp } from '../../base/clock.ts';
import { withDisruptionTarget } from '../../api/core/disruption-target.ts';
import type { Pod } from '../../api/core/pod.ts';
import { Eviction } from '../../api/policy/eviction.ts';
import { PodDisruptionBudget } from '../../api/policy/pod-disruption-budget.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import { badRequest, forbidden, StatusError, success, tooManyRequests } from '../errors.ts';
import { bodyOf } from '../handlers/objects.ts';
import { checkOptions } from '../handlers/options.ts';
import type { Target } from '../registry/context.ts';
import { admissionOf } from '../registry/admit.ts';
import { checkPreconditions, deleteObject, type DeleteOptions } from '../registry/delete.ts';
import { checkType, decodeKind } from '../registry/draft.ts';
import { readOne } from '../registry/read.ts';
import { prefixOf } from '../registry/resources.ts';
import { metaOf, type DraftObject, type Snapshot } from '../registry/snapshot.ts';
import { amendObject } from '../registry/update.ts';
import type { Answer, Call, SubresourceHandler } from '../server-types.ts';

/** Evictions that the budget's controller has not confirmed yet; beyond this it is not keeping up. */
const mostUnconfirmed = 2_000;
const retrySeconds = 10;
const violated = "Cannot evict pod as it would violate the pod's disruption budget.";

export const evictionHandler: SubresourceHandler = {
  verbs: ['create'],
  async handle(call) {
    checkOptions('CreateOptions', call.info.query);
    const parsed = await bodyOf(call, Eviction);
    const eviction = decodeKind(Eviction, checkEviction(parsed.value), parsed.duplicates, call.context);
    return evict(call, eviction);
  },
};

/** The old version of the group has the same shape. */
function checkEviction(value: unknown): Record<string, unknown> {
  const { apiVersion } = (value ?? {}) as { readonly apiVersion?: unknown };
  if (apiVersion !== 'policy/v1beta1') return checkType(Eviction, value);
  return checkType(Eviction, { ...(value as object), apiVersion: Eviction.apiVersion });
}

async function evict(call: Call, eviction: DraftObject): Promise<Answer> {
  const { target, server, resource } = call;
  const admission = admissionOf(server.registry, call.context, { operation: 'CREATE', target, draft: eviction });
  await admission.admit();
  const { name = '' } = metaOf(eviction);
  if (name !== target.name) throw badRequest('name in URL does not match name in Eviction object');
  await admission.validate();
  const options = (eviction['deleteOptions'] ?? {}) as DeleteOptions;
  const dryRun = call.context.dryRun || (options.dryRun ?? []).length > 0;
  const context = { ...call.context, dryRun };
  const pod = readOne(server.registry.store, resource, target.namespace, target.name);
  const budget = needsBudget(pod.value as Pod) ? budgetOf(call, pod.value as Pod) : undefined;
  const inside = { ...call, context };
  if (budget === undefined) await remove(inside, pod.value as Pod, options);
  else if (unprotected(pod.value as Pod, budget)) await removeUnhealthy(inside, pod, budget, options);
  else {
    await spend(inside, budget);
    await remove(inside, pod.value as Pod, options);
  }
  return { type: 'value', status: 201, value: { ...success(), code: 201 } };
}

/** Only as it was seen: once it is healthy it is protected. */
async function removeUnhealthy(
  call: Call,
  { value, revision }: Snapshot,
  budget: PodDisruptionBudget,
  options: DeleteOptions,
): Promise<void> {
  const { resourceVersion } = options.preconditions ?? {};
  const preconditions = { resourceVersion: String(revision), ...options.preconditions };
  try {
    await remove(call, value as Pod, { ...options, preconditions });
  } catch (error) {
    if (resourceVersion !== undefined || !(error instanceof StatusError) || error.code !== 409) throw error;
    throw stillProcessed(budget.metadata.name);
  }
}

/** Says on the pod why it goes, and deletes it. */
async function remove({ server, target, context }: Call, pod: Pod, options: DeleteOptions): Promise<void> {
  const preconditions = { uid: pod.metadata.uid, ...options.preconditions };
  const statusTarget = { ...target, subresource: 'status' };
  const { snapshot } = await amendObject(server.registry, statusTarget, context, (draft, old) => {
    checkPreconditions(target, { preconditions }, old);
    draft['status'] = withDisruptionTarget((old.value as Pod).status, evicting, server.clock.now());
  });
  const pinned =
    preconditions.resourceVersion === undefined || context.dryRun
      ? preconditions
      : { ...preconditions, resourceVersion: String(snapshot.revision) };
  // As upstream, it was let in as an eviction: plugins are not asked again about a deletion.
  const admitted = { ...server.registry, admission: [] };
  await deleteObject(admitted, { ...target, subresource: '' }, { ...options, preconditions: pinned }, context);
}

const evicting = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };

/** Throws 500 when the pod has several budgets. */
function budgetOf(call: Call, pod: Pod): PodDisruptionBudget | undefined {
  const [budget, ...others] = budgetsOf(call, pod);
  if (others.length === 0) return budget;
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  throw new StatusError(500, '', message);
}

/** Pods that do no work can go at any time. */
function needsBudget({ metadata, status }: Pod): boolean {
  const { phase } = status ?? {};
  return metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending';
}

function budgetTarget({ server, target }: Call, name: string): Target {
  return {
    resource: server.resources.of(PodDisruptionBudget),
    namespace: target.namespace,
    name,
    subresource: 'status',
  };
}

function budgetsOf(call: Call, pod: Pod): readonly PodDisruptionBudget[] {
  const { server, target } = call;
  const { resource } = budgetTarget(call, '');
  const { entries } = server.registry.store.range(prefixOf(resource, target.namespace));
  return entries
    .map(({ value }) => value as PodDisruptionBudget)
    .filter(({ spec }) => matches(selectorOf(spec?.selector), pod.metadata.labels));
}

/** An unhealthy pod may be evicted when its budget says that such pods are not what it protects. */
function unprotected({ status }: Pod, budget: PodDisruptionBudget): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  if (ready) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** Takes one disruption from the budget. Throws 429 when there is none. */
async function spend(call: Call, { metadata }: PodDisruptionBudget): Promise<void> {
  const { server, target, context } = call;
  const budgetAt = budgetTarget(call, metadata.name);
  await amendObject(server.registry, budgetAt, context, (draft, old) => {
    const budget = old.value as PodDisruptionBudget;
    checkBudget(budget);
    const { status } = budget;
    const now = timestamp(server.clock.now());
    const left = (status?.disruptionsAllowed ?? 0) - 1;
    draft['status'] = {
      ...status,
      disruptionsAllowed: left,
      disruptedPods: { ...status?.disruptedPods, [target.name]: now },
      ...(left > 0 ? {} : { conditions: exhausted(budget, now) }),
    };
  });
}

function exhausted({ metadata, status }: PodDisruptionBudget, now: string): readonly object[] {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed');
  const before = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed');
  return [
    ...others,
    {
      type: 'DisruptionAllowed',
      status: 'False',
      reason: 'InsufficientPods',
      message: '',
      observedGeneration: metadata.generation,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    },
  ];
}

const noStatus: NonNullable<PodDisruptionBudget['status']> = {
  disruptionsAllowed: 0,
  currentHealthy: 0,
  desiredHealthy: 0,
  expectedPods: 0,
};

function checkBudget({ metadata, status = noStatus }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata;
  const of = { group: 'policy', resource: 'poddisruptionbudget' };
  const { observedGeneration = 0, disruptionsAllowed, disruptedPods = {}, desiredHealthy, currentHealthy } = status;
  if (observedGeneration < generation) {
    throw stillProcessed(name);
  }
  if (disruptionsAllowed < 0) throw forbidden(of, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > mostUnconfirmed) {
    throw forbidden(of, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed > 0) return;
  throw refused(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    0,
  );
}

function stillProcessed(name: string): StatusError {
  return refused(`The disruption budget ${name} is still being processed by the server.`, retrySeconds);
}

function refused(message: string, retryAfter: number): StatusError {
  return tooManyRequests(violated, retryAfter, [{ reason: 'DisruptionBudget', message }]);
}
