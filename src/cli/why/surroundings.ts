/** Reads an object and what belongs to it. */
import type { ClusterManager } from '../manager.ts';
import type { ExplainedKind } from './kinds.ts';
import type { ObjectView, PodView } from './sentences.ts';

type Ask = ClusterManager['ask'];

export interface Warning {
  readonly at: string;
  readonly uid: string;
  readonly text: string;
}

interface EventView {
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string;
  readonly eventTime?: string;
  readonly metadata: { readonly creationTimestamp: string };
  readonly involvedObject: { readonly uid?: string };
}

async function list<T>(ask: Ask, path: string): Promise<readonly T[]> {
  return ((await ask(`/${path}`)) as { readonly items: readonly T[] }).items;
}

function pathOf({ root, plural, namespaced }: ExplainedKind, namespace: string): string {
  return namespaced ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`;
}

export async function readObject<T extends ObjectView | PodView>(
  ask: Ask,
  kind: ExplainedKind,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  const selector = encodeURIComponent(`metadata.name=${name}`);
  return (await list<T>(ask, `${pathOf(kind, namespace)}?fieldSelector=${selector}`))[0];
}

/** Uids of the object and all that it controls through others, and the pods at the end. */
export interface Family {
  readonly uids: ReadonlySet<string>;
  readonly pods: readonly PodView[];
}

const between: Readonly<Record<string, string>> = {
  Deployment: 'apis/apps/v1/namespaces/NS/replicasets',
  CronJob: 'apis/batch/v1/namespaces/NS/jobs',
};

export async function readFamily(ask: Ask, { kind }: ExplainedKind, object: ObjectView): Promise<Family> {
  const { namespace, uid } = object.metadata;
  if (namespace === undefined) return { uids: new Set([uid]), pods: [] };
  const within = encodeURIComponent(namespace);
  const owners = new Set([uid]);
  const through = between[kind];
  if (through !== undefined) {
    for (const each of await list<ObjectView>(ask, through.replace('NS', within))) {
      if (isControlledBy(each, owners)) owners.add(each.metadata.uid);
    }
  }
  const selector = kind === 'Service' ? selectorText(object.spec?.['selector']) : '';
  if (kind === 'Service' && selector === '') return { uids: owners, pods: [] };
  const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const pods = await list<PodView>(ask, `api/v1/namespaces/${within}/pods${query}`);
  return { uids: owners, pods: kind === 'Service' ? pods : pods.filter((pod) => isControlledBy(pod, owners)) };
}

function isControlledBy({ metadata }: ObjectView | PodView, owners: ReadonlySet<string>): boolean {
  return metadata.ownerReferences?.some(({ uid, controller }) => controller === true && owners.has(uid)) ?? false;
}

function selectorText(selector: unknown): string {
  return Object.entries((selector ?? {}) as Readonly<Record<string, string>>)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The latest first. */
export async function readWarnings(ask: Ask, namespace: string): Promise<readonly Warning[]> {
  const path = `api/v1/namespaces/${encodeURIComponent(namespace)}/events?fieldSelector=type%3DWarning`;
  const events = await list<EventView>(ask, path);
  return events
    .map(({ involvedObject, metadata, lastTimestamp, eventTime, reason = '', message = '', count = 1 }) => ({
      at: lastTimestamp ?? eventTime ?? metadata.creationTimestamp,
      uid: involvedObject.uid ?? '',
      text: `${reason}: ${message}${count > 1 ? ` (${count} times)` : ''}`,
    }))
    .toSorted((left, right) => (left.at < right.at ? 1 : -1));
}
