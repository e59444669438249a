/** The Endpoints object of a Service, which older clients read: a pure function. */
import type { Endpoints } from '../../api/core/endpoints.ts';
import type { Service } from '../../api/core/service.ts';
import type { Draft } from '../../api/kind.ts';
import type { Candidate } from '../endpoint-slice/endpoint.ts';
import { triggerAnnotation } from '../endpoint-slice/trigger.ts';

/** More addresses than this are cut off, with an annotation that says so. */
const maxAddresses = 1_000;
export const overCapacity = 'endpoints.kubernetes.io/over-capacity';
const headlessLabel = 'service.kubernetes.io/headless';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

export function endpointsOf(service: Service, candidates: readonly Candidate[], trigger?: string): Draft<Endpoints> {
  const all = candidates
    .filter(
      ({ endpoint }) => endpoint.conditions?.terminating !== true || service.spec?.publishNotReadyAddresses === true,
    )
    .toSorted((left, right) => compare(left.endpoint.addresses[0] ?? '', right.endpoint.addresses[0] ?? ''));
  // Of too many those stay that are ready.
  const kept = [...all.filter(isReady), ...all.filter((each) => !isReady(each))].slice(0, maxAddresses);
  const groups = Map.groupBy(kept, ({ ports }) => JSON.stringify(ports));
  const { name, namespace, labels = {} } = service.metadata;
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        ...labels,
        [managedByLabel]: 'endpoint-controller',
        ...(['None', ''].includes(service.spec?.clusterIP ?? '') ? { [headlessLabel]: '' } : {}),
      },
      annotations: {
        ...(all.length > maxAddresses ? { [overCapacity]: 'truncated' } : {}),
        ...(trigger === undefined ? {} : { [triggerAnnotation]: trigger }),
      },
    },
    ...(groups.size === 0 ? {} : { subsets: [...groups.values()].map(subsetOf) }),
  };
}

function isReady({ endpoint }: Candidate): boolean {
  return endpoint.conditions?.ready === true;
}

function subsetOf(candidates: readonly Candidate[]): Subset {
  const ready = candidates.filter(isReady).map(addressOf);
  const others = candidates.filter((each) => !isReady(each)).map(addressOf);
  const ports = (candidates[0]?.ports ?? []).map(({ name = '', port = 0, protocol = 'TCP', appProtocol }) => ({
    ...(name === '' ? {} : { name }),
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
  return {
    ...(ready.length === 0 ? {} : { addresses: ready }),
    ...(others.length === 0 ? {} : { notReadyAddresses: others }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}

function addressOf({ endpoint }: Candidate): Address {
  const { addresses, hostname, nodeName, targetRef } = endpoint;
  return {
    ip: addresses[0] ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
