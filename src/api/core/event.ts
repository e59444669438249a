import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, microTime, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { eventColumns, eventSelectors } from './event-columns.ts';
import { ObjectReference } from './object-reference.ts';
import { eventFaults } from './validate-event.ts';

export const EventSource = struct('io.k8s.api.core.v1.EventSource', 'The part of the system that reports an event.', {
  component: string(1).doc('Name of the component.'),
  host: string(2).doc('Node that it runs on.'),
});
export interface EventSource extends Infer<typeof EventSource> {}

export const EventSeries = struct('io.k8s.api.core.v1.EventSeries', 'Events that keep happening, counted.', {
  count: int32(1).doc('How often so far.'),
  lastObservedTime: microTime(2).doc('When it was seen last.'),
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
  doc: 'Something that happened to an object, kept for a short time.',
  fields: {
    involvedObject: of(2, ObjectReference).present().doc('The object that it happened to.'),
    reason: string(3).doc('What happened, as one word.'),
    message: string(4).doc('What happened, for a human reader.'),
    source: of(5, EventSource).always().doc('Who reports it.'),
    firstTimestamp: time(6).doc('When it was seen first.'),
    lastTimestamp: time(7).doc('When it was seen last.'),
    count: int32(8).doc('How often it was seen.'),
    type: string(9).doc('`Normal` or `Warning`.'),
    eventTime: microTime(10).doc('When it happened.'),
    series: of(11, EventSeries).doc('How it goes on, when it keeps happening.'),
    action: string(12).doc('What was done or failed.'),
    related: of(13, ObjectReference).doc('A second object that it concerns.'),
    reportingComponent: string(14).always().doc('Name of the controller that reports it.'),
    reportingInstance: string(15).always().doc('Which copy of the controller reports it.'),
  },
  createOnUpdate: true,
  columns: eventColumns,
  selectable: eventSelectors,
  validate: (event) => eventFaults(event),
});
export interface Event extends ObjectOf<typeof Event> {}
