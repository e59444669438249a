/** From a pod to an endpoint of a Service, shared by EndpointSlices and Endpoints. */
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import type { Endpoint, EndpointPort } from '../../api/discovery/endpoint-slice.ts';

export type AddressType = 'IPv4' | 'IPv6';

export interface Candidate {
  readonly endpoint: Endpoint;
  readonly ports: readonly EndpointPort[];
}

/** The pod as an endpoint of the Service; undefined while it has no address of the type, or has ended. */
export function candidateOf(
  pod: Pod,
  service: Service,
  node: Node | undefined,
  type: AddressType,
): Candidate | undefined {
  const address = addressOf(pod, type);
  if (address === undefined || hasEnded(pod)) return undefined;
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  const { nodeName = '' } = pod.spec ?? {};
  const { name, namespace, uid } = pod.metadata;
  const conditions = conditionsOf(pod, service);
  const endpoint: Endpoint = {
    addresses: [address],
    conditions,
    ...hostnameOf(pod, service),
    targetRef: { kind: 'Pod', name, ...(namespace === undefined ? {} : { namespace }), uid },
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === '' ? {} : { zone }),
    ...(conditions.ready === true ? hintsOf(service, zone, nodeName) : {}),
  };
  return { endpoint, ports: portsOf(service, pod) };
}

const near: ReadonlySet<string> = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode']);
/** Who asks for topology in the old way does not get what the field asks for. */
const topologyAnnotations = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];

/** From where the Service wants the endpoint to be used, rather than others. */
function hintsOf({ metadata, spec }: Service, zone: string, node: string): Pick<Endpoint, 'hints'> {
  const { trafficDistribution = '' } = spec ?? {};
  const [old = ''] = topologyAnnotations.flatMap((key) => metadata.annotations?.[key] ?? []);
  if (!near.has(trafficDistribution) || old.toLowerCase() === 'auto') return {};
  const hints = {
    ...(zone !== '' && { forZones: [{ name: zone }] }),
    ...(trafficDistribution === 'PreferSameNode' && node !== '' && { forNodes: [{ name: node }] }),
  };
  return Object.keys(hints).length === 0 ? {} : { hints };
}

function conditionsOf(pod: Pod, service: Service): NonNullable<Endpoint['conditions']> {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const published = service.spec?.publishNotReadyAddresses === true;
  return { ready: published || (serving && !terminating), serving, terminating };
}

/** Only pods that name this Service as their subdomain have a name of their own below it. */
function hostnameOf({ spec }: Pod, service: Service): { readonly hostname?: string } {
  const { hostname = '', subdomain } = spec ?? {};
  return hostname !== '' && subdomain === service.metadata.name ? { hostname } : {};
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function addressOf({ status }: Pod, type: AddressType): string | undefined {
  const all = [...(status?.podIPs ?? []).map(({ ip }) => ip), ...(status?.podIP === undefined ? [] : [status.podIP])];
  return all.find((ip) => ip !== undefined && ip !== '' && ip.includes(':') === (type === 'IPv6'));
}

/** Ports of the Service as numbers of this pod; a named port that the pod lacks is left out. */
export function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap(({ name = '', protocol = 'TCP', targetPort, port, appProtocol }) => {
    const number = portNumber(targetPort ?? port, protocol, pod);
    if (number === undefined) return [];
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function portNumber(target: number | string, protocol: string, pod: Pod): number | undefined {
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { ports = [] } of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = ports.find((each) => each.name === target && (each.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}

/** Address types that the Service's slices have. */
export function addressTypesOf(service: Service): readonly AddressType[] {
  const families = service.spec?.ipFamilies ?? [];
  return families.length === 0 ? ['IPv4'] : families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'));
}
