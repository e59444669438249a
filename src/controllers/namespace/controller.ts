/**
 * Empties a namespace that is being deleted: content of every kind, then the namespace's own finalizer.
 * What remains, and why, is in its conditions.
 */
import { Namespace } from '../../api/core/namespace.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { isNotFound } from '../../client/client.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { conditionsOf, firstOf, toDelete, type Failure, type Remaining } from './plan.ts';

const ownFinalizer = 'kubernetes';
/** How soon to look again when content remains; its deletion is not announced per namespace. */
const pause = 1_000;
const longestPause = 15_000;
/** Deletions under way at the same time. */
const width = 32;

/** `kinds` are the namespaced kinds that are served at the time of the call. */
export function namespaceController(deps: Dependencies, kinds: () => readonly Kind[]): Controller {
  const { informers, client, clock, logger } = deps;
  const namespaces = informers.of(Namespace);
  const pods = informers.of(Pod);
  const rounds = new Map<string, number>();
  /** Everything else waits for the last pod. */
  const hasLostItsPods = (name: string): boolean =>
    namespaces.get({ name })?.metadata.deletionTimestamp !== undefined && pods.list({ namespace: name }).length === 0;
  return new Controller(
    {
      name: 'namespace',
      sources: [
        watching(namespaces),
        watching(pods, ({ type, object: { metadata } }) =>
          type === 'deleted' && hasLostItsPods(metadata.namespace ?? '') ? [metadata.namespace ?? ''] : [],
        ),
      ],
      async reconcile(name, { note }): Promise<ReconcileResult> {
        const namespace = namespaces.get({ name });
        if (namespace?.metadata.deletionTimestamp === undefined || !hasOwnFinalizer(namespace)) {
          rounds.delete(name);
          return {};
        }
        const failures = await deleteContent(deps, firstOf(await remainingIn(deps, name, kinds())));
        const left = await remainingIn(deps, name, kinds());
        note(left.map(({ kind, objects }) => `${kind.plural}: ${objects.length}`));
        await report(deps, namespace, conditionsOf(namespace, firstOf(left), failures, timestamp(clock.now())));
        if (left.length === 0 && failures.length === 0) {
          await client.request({
            method: 'PUT',
            path: `/api/v1/namespaces/${name}/finalize`,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ ...namespace, spec: { finalizers: withoutOwn(namespace) } }),
          });
          return {};
        }
        const round = (rounds.get(name) ?? 0) + 1;
        rounds.set(name, round);
        return { after: Math.min(longestPause, pause * round) };
      },
    },
    { clock, logger },
  );
}

async function remainingIn(
  { client }: Dependencies,
  namespace: string,
  kinds: readonly Kind[],
): Promise<readonly Remaining[]> {
  const lists = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      objects: (await client.list(kind as Kind<KubernetesObject>, { namespace })).items,
    })),
  );
  return lists.filter(({ objects }) => objects.length > 0);
}

async function deleteContent({ client }: Dependencies, remaining: readonly Remaining[]): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const jobs = toDelete(remaining).flatMap(({ kind, objects }) => objects.map((object) => ({ kind, object })));
  const next = jobs.values();
  const worker = async (): Promise<void> => {
    for (const { kind, object } of next) {
      const { namespace, name, uid } = object.metadata;
      try {
        const options = { propagationPolicy: 'Background', preconditions: { uid } } as const;
        await client.delete(kind as Kind<KubernetesObject>, { namespace, name }, options);
      } catch (error) {
        if (!isNotFound(error)) failures.push({ kind, message: messageOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return failures;
}

async function report(
  { client }: Dependencies,
  namespace: Namespace,
  conditions: ReturnType<typeof conditionsOf>,
): Promise<void> {
  const present = namespace.status?.conditions ?? [];
  if (JSON.stringify(present) === JSON.stringify(conditions)) return;
  try {
    await client.patch(
      Namespace,
      { name: namespace.metadata.name },
      { status: { conditions } },
      { type: 'merge', subresource: 'status' },
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function hasOwnFinalizer(namespace: Namespace): boolean {
  return namespace.spec?.finalizers?.includes(ownFinalizer) === true;
}

function withoutOwn(namespace: Namespace): readonly string[] {
  return (namespace.spec?.finalizers ?? []).filter((each) => each !== ownFinalizer);
}
