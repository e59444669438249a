import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, microTime, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { eventColumns, eventSelectors } from './event-columns.ts';
import { ObjectReference } from './object-reference.ts';
import { eventFaults } from './validate-event.ts';

export const EventSource = struct('io.k8s.api.core.v1.EventSource', '', {
  component: string(1),
  host: string(2),
});
export interface EventSource extends Infer<typeof EventSource> {}

export const EventSeries = struct('io.k8s.api.core.v1.EventSeries', '', {
  count: int32(1),
  lastObservedTime: microTime(2),
});
export interface EventSeries extends Infer<typeof EventSeries> {}

export const Event = defineKind({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    involvedObject: of(2, ObjectReference).present(),
    reason: string(3),
    message: string(4),
    source: of(5, EventSource).always(),
    firstTimestamp: time(6),
    lastTimestamp: time(7),
    count: int32(8),
    type: string(9),
    eventTime: microTime(10),
    series: of(11, EventSeries),
    action: string(12),
    related: of(13, ObjectReference),
    reportingComponent: string(14).always(),
    reportingInstance: string(15).always(),
  },
  createOnUpdate: true,
  columns: eventColumns,
  selectable: eventSelectors,
  validate: (event) => eventFaults(event),
});
export interface Event extends ObjectOf<typeof Event> {}
