/**
 * What the events.k8s.io version asks for beyond the core one, which checks the rest once the event is
 * converted. Upstream names the core fields in these paths, and so does this.
 */
import { invalid, required, type Fault } from '../../schema/fault.ts';
import type { ObjectReference } from '../core/object-reference.ts';
import { sameMeaning } from '../rules/equal.ts';
import { immutableFaults } from '../rules/faults.ts';
import type { EventSeries, Told } from './event.ts';

export interface Typed extends Told {
  readonly type?: string;
}

export function newEventFaults(event: Typed): Fault[] {
  const { type = '' } = event;
  return [
    ...seriesFaults(event.series),
    ...(isSet(event.eventTime) ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...unsetFaults(event),
  ];
}

function unsetFaults(event: Told): Fault[] {
  const { deprecatedSource: source } = event;
  const fields: readonly (readonly [string, boolean])[] = [
    ['firstTimestamp', isSet(event.deprecatedFirstTimestamp)],
    ['lastTimestamp', isSet(event.deprecatedLastTimestamp)],
    ['count', isSet(event.deprecatedCount)],
    ['source', isSet(source?.component) || isSet(source?.host)],
  ];
  return fields.filter(([, set]) => set).map(([field]) => invalid(field, '', 'needs to be unset'));
}

function isSet(value: string | number | null | undefined): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 0;
}

function seriesFaults(series: EventSeries | undefined): Fault[] {
  if (series === undefined) return [];
  return [
    ...(series.count < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(isSet(series.lastObservedTime) ? [] : [required('series.lastObservedTime')]),
  ];
}

export interface Fixed extends Typed {
  readonly regarding?: ObjectReference;
  readonly related?: ObjectReference;
  readonly reason?: string;
  readonly note?: string;
  readonly action?: string;
}

/** Fields that never change, and the paths under which upstream says so. */
const fixed: Readonly<Partial<Record<keyof Fixed, string>>> = {
  regarding: 'involvedObject',
  reason: 'reason',
  note: 'message',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
  type: 'type',
  eventTime: 'eventTime',
  action: 'action',
  related: 'related',
  reportingController: 'reportingController',
  reportingInstance: 'reportingInstance',
};

/** An event never changes, but for its series. */
export function eventUpdateFaults(young: Fixed, old: Fixed): Fault[] {
  return [
    ...(sameMeaning(young.series, old.series) ? [] : seriesFaults(young.series)),
    ...Object.entries(fixed).flatMap(([field, path]) =>
      immutableFaults(path, young[field as keyof Fixed], old[field as keyof Fixed]),
    ),
  ];
}
