/**
 * One watch: what is there first, then every change that concerns its selection, as events.
 *
 * An object that comes to match a selector is ADDED, one that ceases to match is DELETED, whatever
 * happened to it in the store.
 */
import { forbidden as forbiddenField, notSupported, type Fault } from '../../schema/fault.ts';
import { CompactedError, type Change, type Entry, type Reader, type Revision, type Watch } from '../../store/store.ts';
import { invalid, tooLargeResourceVersion, tooOldResourceVersion } from '../errors.ts';
import type { EventType } from '../encoding/encoder.ts';
import { revisionOf, type ListQuery } from '../registry/read.ts';
import { keyOf, prefixOf, type Resource } from '../registry/resources.ts';
import { selectionOf, type Selection } from '../registry/selection.ts';
import type { Snapshot } from '../registry/snapshot.ts';

export interface WatchItem {
  readonly type: EventType;
  readonly snapshot: Snapshot;
  /** What it comes from; absent for what is there first. Frames are shared per change. */
  readonly change?: Change;
}

export interface Feed {
  /** What is there first, to be sent as ADDED; undefined when the watch starts from a revision. */
  readonly initial: readonly Entry[] | undefined;
  /** The revision of `initial`, or that the watch starts after. */
  readonly revision: Revision;
  /** A bookmark that says that the initial events are over is asked for. */
  readonly markEnd: boolean;
  readonly watch: Watch;
  readonly selection: Selection;
}

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };

function checkWatch(query: ListQuery): void {
  const { resourceVersionMatch: match, sendInitialEvents: initial } = query;
  const path = 'resourceVersionMatch';
  const faults: Fault[] = [];
  if (initial !== undefined && match !== 'NotOlderThan') {
    faults.push(forbiddenField(path, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (initial === undefined) {
      faults.push(
        forbiddenField(path, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    }
    if (match !== 'NotOlderThan') faults.push(notSupported(path, match, ['NotOlderThan', '']));
    if (query.continue !== '') {
      faults.push(forbiddenField(path, 'resourceVersionMatch is forbidden when continue is provided'));
    }
  }
  if (faults.length > 0) throw invalid(listOptions, '', faults);
}

export interface FeedOptions {
  readonly store: Reader;
  readonly resource: Resource;
  readonly namespace: string;
  readonly query: ListQuery;
  /** Changes are ready to be taken, or the watch has ended. */
  readonly onReady?: () => void;
}

/** Opens a watch. Throws 400 and 422 for what is asked wrongly, 410 for a compacted revision, 504 for a future one. */
export function openFeed({ store, resource, namespace, query, onReady }: FeedOptions): Feed {
  checkWatch(query);
  const selection = selectionOf(resource, query.labelSelector, query.fieldSelector);
  const asked = revisionOf(query.resourceVersion);
  if (asked > store.revision) throw tooLargeResourceVersion(asked, store.revision);
  const place = placeOf(resource, namespace, selection);
  const initial = (query.sendInitialEvents ?? asked === 0) ? presentOf(store, place, selection) : undefined;
  const revision = initial !== undefined || asked === 0 ? store.revision : asked;
  const options = { exact: place.exact, ...(onReady === undefined ? {} : { onReady }) };
  try {
    const watch = store.watch(place.key, revision, options);
    return { initial, revision, markEnd: query.sendInitialEvents === true, watch, selection };
  } catch (error) {
    if (error instanceof CompactedError) throw tooOldResourceVersion(asked, error.oldest);
    throw error;
  }
}

interface Place {
  readonly key: string;
  /** One object only. */
  readonly exact: boolean;
}

function placeOf(resource: Resource, namespace: string, { name }: Selection): Place {
  if (name === undefined || (namespace === '' && resource.namespaced)) {
    return { key: prefixOf(resource, namespace), exact: false };
  }
  return { key: keyOf(resource, namespace, name), exact: true };
}

function presentOf(store: Reader, { key, exact }: Place, selection: Selection): readonly Entry[] {
  const single = exact ? store.get(key) : undefined;
  const entries = exact ? (single === undefined ? [] : [single]) : store.range(key).entries;
  return selection.all ? entries : entries.filter(({ value }) => selection.matches(value));
}

/** What a change means to a reader with this selection; undefined when it does not concern it. */
export function itemOf(change: Change, selection: Selection): WatchItem | undefined {
  const { entry, previous, revision } = change;
  if (change.type === 'delete') {
    return selection.matches(entry.value) ? { type: 'DELETED', snapshot: at(entry, revision), change } : undefined;
  }
  const before = previous !== undefined && selection.matches(previous.value);
  if (selection.matches(entry.value)) return { type: before ? 'MODIFIED' : 'ADDED', snapshot: entry, change };
  return before ? { type: 'DELETED', snapshot: at(previous, revision), change } : undefined;
}

/** A deleted object carries the revision of its deletion. */
function at({ value, bytes }: Entry, revision: Revision): Snapshot {
  return { value, bytes, revision };
}
