/** The rows of `kubectl get events`, and what events can be found by. */
import type { Column, KubernetesObject } from '../kind.ts';
import { nameColumn, since } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type { EventSeries, EventSource } from './event.ts';
import type { ObjectReference } from './object-reference.ts';

export interface EventRow extends KubernetesObject {
  readonly involvedObject?: Loose<ObjectReference>;
  readonly reason?: string;
  readonly message?: string;
  readonly source?: Loose<EventSource>;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly count?: number;
  readonly type?: string;
  readonly series?: Loose<EventSeries>;
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
}

function firstSeen(event: EventRow, now: number): string {
  return since(event.firstTimestamp ?? event.eventTime, now);
}

function lastSeen(event: EventRow, now: number): string {
  if (event.series !== undefined) return since(event.series.lastObservedTime, now);
  return (event.lastTimestamp ?? undefined) === undefined ? firstSeen(event, now) : since(event.lastTimestamp, now);
}

/** Events of the newer kind carry no count unless they repeat. */
function count({ series, count = 0 }: EventRow): number {
  if (series !== undefined) return series.count ?? 0;
  return count === 0 ? 1 : count;
}

function target({ involvedObject }: EventRow): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  const name = involvedObject?.name ?? '';
  return name === '' ? kind : `${kind}/${name}`;
}

function source({ source, reportingComponent, reportingInstance }: EventRow): string {
  const component = source?.component || reportingComponent || '';
  const instance = source?.host || reportingInstance || '';
  return instance === '' ? component : `${component}, ${instance}`;
}

const text = (name: string, doc: string, value: Column<EventRow>['value'], priority?: number): Column<EventRow> => ({
  name,
  type: 'string',
  doc,
  value,
  ...(priority === undefined ? {} : { priority }),
});

export const eventColumns: readonly Column<EventRow>[] = [
  text('Last Seen', 'Time since it happened last.', lastSeen),
  text('Type', 'Normal or Warning.', ({ type }) => type ?? ''),
  text('Reason', 'Why, in one word.', ({ reason }) => reason ?? ''),
  text('Object', 'Kind and name of what it is about.', target),
  text(
    'Subobject',
    'The part of the object that it is about.',
    ({ involvedObject }) => involvedObject?.fieldPath ?? '',
    1,
  ),
  text('Source', 'Component that reports it, and where that runs.', source, 1),
  text('Message', 'What happened.', ({ message }) => (message ?? '').trim()),
  text('First Seen', 'Time since it happened first.', firstSeen, 1),
  text('Count', 'How often it happened.', count, 1),
  { ...nameColumn, priority: 1 },
];

export const eventSelectors: Readonly<Record<string, (event: EventRow) => string>> = {
  'involvedObject.kind': ({ involvedObject }) => involvedObject?.kind ?? '',
  'involvedObject.namespace': ({ involvedObject }) => involvedObject?.namespace ?? '',
  'involvedObject.name': ({ involvedObject }) => involvedObject?.name ?? '',
  'involvedObject.uid': ({ involvedObject }) => involvedObject?.uid ?? '',
  'involvedObject.apiVersion': ({ involvedObject }) => involvedObject?.apiVersion ?? '',
  'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject?.resourceVersion ?? '',
  'involvedObject.fieldPath': ({ involvedObject }) => involvedObject?.fieldPath ?? '',
  reason: ({ reason }) => reason ?? '',
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
  source: ({ source, reportingComponent }) => source?.component || reportingComponent || '',
  type: ({ type }) => type ?? '',
};
