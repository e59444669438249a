import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, microTime, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { EventSource } from '../core/event.ts';
import { ObjectReference } from '../core/object-reference.ts';

export const EventSeries = struct('io.k8s.api.events.v1.EventSeries', '', {
  count: int32(1).required(),
  lastObservedTime: microTime(2).required(),
});
export interface EventSeries extends Infer<typeof EventSeries> {}

export const Event = defineKind({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  package: 'io.k8s.api.events.v1',
  doc: '',
  fields: {
    eventTime: microTime(2).required(),
    series: of(3, EventSeries),
    reportingController: string(4),
    reportingInstance: string(5),
    action: string(6),
    reason: string(7),
    regarding: of(8, ObjectReference).always(),
    related: of(9, ObjectReference),
    note: string(10),
    type: string(11),
    deprecatedSource: of(12, EventSource).always(),
    deprecatedFirstTimestamp: time(13),
    deprecatedLastTimestamp: time(14),
    deprecatedCount: int32(15),
  },
});
export interface Event extends ObjectOf<typeof Event> {}
