import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cells, complaints, updateComplaints } from '../rules/fixture.ts';
import { Event } from './event.ts';

const good = { eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal' };

/** Texts: kubernetes pkg/apis/core/validation/events.go. */
describe('events.k8s.io events', () => {
  test('a new one uses new fields only', () => {
    expect(complaints(Event, good)).toEqual([]);
    expect(
      complaints(Event, { type: 'Odd', deprecatedCount: 2, deprecatedSource: { host: 'h' }, series: { count: 1 } }),
    ).toEqual([
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: Odd',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ]);
  });

  test('only the series changes', () => {
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' };
    expect(updateComplaints(Event, good, { ...good, series })).toEqual([]);
    expect(updateComplaints(Event, good, { ...good, note: 'new' })).toEqual([
      'message: Invalid value: "new": field is immutable',
    ]);
  });

  test('core names on the way in, own names on the way out', () => {
    const event = { regarding: { kind: 'Pod' }, note: 'n', deprecatedCount: 3, reportingController: 'c', reason: 'r' };
    const stored = Event.conversion?.toStorage(event);
    expect(stored).toEqual({
      involvedObject: { kind: 'Pod' },
      message: 'n',
      count: 3,
      reportingComponent: 'c',
      reason: 'r',
    });
    const fields = fc.constantFrom(...Object.keys(Event.schema.fields));
    fc.assert(
      fc.property(fc.dictionary(fields, fc.string()), (object) => {
        expect(Event.conversion?.fromStorage(Event.conversion.toStorage(object))).toEqual(object);
      }),
    );
  });

  /** Columns: kubernetes pkg/printers/internalversion/printers.go, printEvent. */
  test('the table', () => {
    const event = { ...good, regarding: { kind: 'Pod', name: 'p', fieldPath: 'spec' }, note: ' done ', reason: 'Done' };
    expect(cells(Event, { ...event, reportingController: 'kubelet', reportingInstance: 'n1' })).toEqual({
      'Last Seen': '60m',
      Type: 'Normal',
      Reason: 'Done',
      Object: 'pod/p',
      '+Subobject': 'spec',
      '+Source': 'kubelet, n1',
      Message: 'done',
      '+First Seen': '60m',
      '+Count': 1,
      '+Name': 'it',
    });
  });
});
