import { int32, microTime, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { EventSource } from '../core/event.ts';
import { ObjectReference } from '../core/object-reference.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { nameColumn, since } from '../rules/columns.ts';
import { renameFields } from '../rules/rename.ts';
import { eventUpdateFaults, newEventFaults } from './event-faults.ts';

export const EventSeries = struct('io.k8s.api.events.v1.EventSeries', 'How often the same thing went on happening.', {
  count: int32(1).present().doc('How often it happened up to lastObservedTime; at least 2.'),
  lastObservedTime: microTime(2).present().doc('When it happened last, as far as is known.'),
});
export interface EventSeries extends Infer<typeof EventSeries> {}

/** Core events call some of the same fields otherwise. They are stored under the core names. */
const coreNames = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};

export const Event = defineKind({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  package: 'io.k8s.api.events.v1',
  doc: 'Something that happened to an object, told for people; kept for about an hour.',
  fields: {
    eventTime: microTime(2).present().doc('When it happened first.'),
    series: of(3, EventSeries).doc('How often it went on happening; absent when it happened once.'),
    reportingController: string(4).doc('Who tells it, such as `kubernetes.io/kubelet`.'),
    reportingInstance: string(5).doc('Which instance of the reporter it was.'),
    action: string(6).doc('What the reporter did, or what failed, in one word.'),
    reason: string(7).doc('Why, in one word that programs can compare.'),
    regarding: of(8, ObjectReference).always().doc('The object that it happened to.'),
    related: of(9, ObjectReference).doc('Another object that had to do with it.'),
    note: string(10).doc('What happened, as a sentence for people.'),
    type: string(11).doc('Normal or Warning.'),
    deprecatedSource: of(12, EventSource).always().doc("The reporter, in the core version's way."),
    deprecatedFirstTimestamp: time(13).doc("When it happened first, in the core version's way."),
    deprecatedLastTimestamp: time(14).doc("When it happened last, in the core version's way."),
    deprecatedCount: int32(15).doc("How often it happened, in the core version's way."),
  },
  createOnUpdate: true,
  selectable: {
    reason: (event) => event.reason ?? '',
    type: (event) => event.type ?? '',
    reportingController: (event) => event.reportingController ?? '',
    'regarding.kind': (event) => event.regarding?.kind ?? '',
    'regarding.namespace': (event) => event.regarding?.namespace ?? '',
    'regarding.name': (event) => event.regarding?.name ?? '',
    'regarding.uid': (event) => event.regarding?.uid ?? '',
    'regarding.apiVersion': (event) => event.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': (event) => event.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': (event) => event.regarding?.fieldPath ?? '',
  },
  columns: [
    { name: 'Last Seen', type: 'string', doc: 'When it happened last.', value: lastSeen },
    { name: 'Type', type: 'string', doc: 'Normal or Warning.', value: (event) => event.type ?? '' },
    { name: 'Reason', type: 'string', doc: 'Why, in one word.', value: (event) => event.reason ?? '' },
    { name: 'Object', type: 'string', doc: 'What it happened to.', value: ({ regarding }) => formatTarget(regarding) },
    {
      name: 'Subobject',
      type: 'string',
      priority: 1,
      doc: 'Which part of the object.',
      value: (event) => event.regarding?.fieldPath ?? '',
    },
    { name: 'Source', type: 'string', priority: 1, doc: 'Who tells it.', value: formatSource },
    { name: 'Message', type: 'string', doc: 'What happened.', value: (event) => (event.note ?? '').trim() },
    { name: 'First Seen', type: 'string', priority: 1, doc: 'When it happened first.', value: firstSeen },
    {
      name: 'Count',
      type: 'string',
      priority: 1,
      doc: 'How often it happened.',
      value: (event) => event.series?.count ?? (event.deprecatedCount || 1),
    },
    { ...nameColumn, priority: 1 },
  ],
  validate: (event, old) => (old === undefined ? newEventFaults(event) : []),
  validateUpdate: eventUpdateFaults,
  conversion: {
    storage: { group: '', version: 'v1', kind: 'Event' },
    toStorage: (object) => renameFields(object, coreNames),
    fromStorage: (object) =>
      renameFields(object, Object.fromEntries(Object.entries(coreNames).map(([own, core]) => [core, own]))),
  },
});
export interface Event extends ObjectOf<typeof Event> {}

export interface Told {
  readonly eventTime?: string | null;
  readonly series?: EventSeries;
  readonly reportingController?: string;
  readonly reportingInstance?: string;
  readonly deprecatedSource?: EventSource;
  readonly deprecatedFirstTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number;
}

function firstSeen({ deprecatedFirstTimestamp: first, eventTime }: Told, now: number): string {
  return since(first ?? eventTime, now);
}

function lastSeen(event: Told, now: number): string {
  if (event.series !== undefined) return since(event.series.lastObservedTime, now);
  if ((event.deprecatedLastTimestamp ?? '') !== '') return since(event.deprecatedLastTimestamp, now);
  return firstSeen(event, now);
}

function formatTarget({ kind = '', name = '' }: ObjectReference = {}): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function formatSource({
  deprecatedSource: source = {},
  reportingController = '',
  reportingInstance = '',
}: Told): string {
  const component = source.component || reportingController;
  const instance = source.host || reportingInstance;
  return instance === '' ? component : `${component}, ${instance}`;
}
