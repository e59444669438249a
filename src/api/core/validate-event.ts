/** Events of the core group, of the older and the newer sort; the newer ones say when by eventTime. */
import { invalid, required, type Fault } from '../../schema/fault.ts';
import { labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import type { EventRow } from './event-columns.ts';

const longestWord = 128;
const longestMessage = 1024;

type Event = Omit<EventRow, 'metadata'> & {
  readonly metadata: { readonly namespace?: string };
  readonly action?: string;
};

export function eventFaults(event: Event): Fault[] {
  const isNew = (event.eventTime ?? undefined) !== undefined;
  return [
    ...namespaceFaults(event, isNew),
    ...(isNew ? newEventFaults(event) : []),
    ...subdomainFaults('namespace', event.metadata.namespace ?? ''),
  ];
}

/** An event lives where its object does; those about objects without a namespace, in the default one. */
function namespaceFaults({ metadata, involvedObject }: Event, isNew: boolean): Fault[] {
  const namespace = metadata.namespace ?? '';
  const wanted = involvedObject?.namespace ?? '';
  const homeless = isNew ? ['default', 'kube-system'] : ['', 'default'];
  const fits = wanted === '' ? homeless.includes(namespace) : isNew || wanted === namespace;
  return fits ? [] : [invalid('involvedObject.namespace', wanted, 'does not match event.namespace')];
}

function newEventFaults(event: Event): Fault[] {
  const { reportingComponent = '', reportingInstance = '', message = '' } = event;
  return [
    ...(reportingComponent === '' ? [required('reportingController')] : []),
    ...labelNameFaults('reportingController', reportingComponent),
    ...(reportingInstance === '' ? [required('reportingInstance')] : []),
    // Upstream's path is spelled so.
    ...lengthFaults('repotingIntance', reportingInstance, longestWord),
    ...(['action', 'reason'] as const).flatMap((field) => [
      ...((event[field] ?? '') === '' ? [required(field)] : []),
      ...lengthFaults(field, event[field] ?? '', longestWord),
    ]),
    ...lengthFaults('message', message, longestMessage),
  ];
}

function lengthFaults(path: string, value: string, longest: number): Fault[] {
  return Buffer.byteLength(value) > longest ? [invalid(path, '', `can have at most ${longest} characters`)] : [];
}
