/** Variables that hide one another, and ports of which one is never reached. */
import type { Loose } from '../../rules/loose.ts';
import type { Container, ContainerPort } from '../container.ts';
import type { EnvVar } from '../env.ts';
import type { PodSpec } from '../pod-spec.ts';
import { fractionsIn } from './fractions.ts';

interface Placed {
  readonly path: string;
  readonly container: Loose<Container>;
}

/** All containers of a pod in the order in which warnings are given. */
export function containersOf(path: string, spec: Loose<PodSpec>): Placed[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    (spec[field] ?? []).map((container, index) => ({ path: `${path}.${field}[${index}]`, container })),
  );
}

const bytes = ['memory', 'ephemeral-storage'];

export function containerWarnings({ path, container }: Placed): string[] {
  const { resources } = container;
  return [
    ...bytes.flatMap((name) => [
      ...fractionsIn(`${path}.resources.limits`, resources?.limits, [name]),
      ...fractionsIn(`${path}.resources.requests`, resources?.requests, [name]),
    ]),
    ...variableWarnings(`${path}.env`, container.env ?? []),
  ];
}

function variableWarnings(path: string, variables: readonly Loose<EnvVar>[]): string[] {
  const seen = new Set<string>();
  return variables.flatMap((variable, index) => {
    const { name = '' } = variable;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    if (extendsEarlier(variable)) return [];
    return [
      `${path}[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    ];
  });
}

/** `PATH=$(PATH):/more` means the one before. */
function extendsEarlier({ name = '', value = '', valueFrom }: Loose<EnvVar>): boolean {
  const reference = `$(${name})`;
  return valueFrom === undefined && value !== reference && value.includes(reference);
}

interface PlacedPort {
  readonly path: string;
  readonly port: Loose<ContainerPort>;
}

export function portWarnings(containers: readonly Placed[]): string[] {
  const ports = containers.flatMap(({ path, container }) =>
    (container.ports ?? []).map((port, index): PlacedPort => ({ path: `${path}.ports[${index}]`, port })),
  );
  return [
    ...ports.flatMap((own, index) => [...unboundWarnings(own), ...clashWarnings(own, ports.slice(0, index))]),
    ...portNameWarnings(ports),
  ];
}

function unboundWarnings({ path, port }: PlacedPort): string[] {
  const { name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' } = port;
  if (hostIP === '' || hostPort !== 0) return [];
  const printed = `Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}`;
  return [`${path}: hostIP set without hostPort: {${printed}}`];
}

function clashWarnings({ path, port }: PlacedPort, before: readonly PlacedPort[]): string[] {
  return before.flatMap((other) => {
    const same = other.port.containerPort === port.containerPort && other.port.protocol === port.protocol;
    const clash = same ? clashOf(port, other.port) : undefined;
    return clash === undefined ? [] : [`${path}: ${clash} port definition with ${other.path}`];
  });
}

function clashOf(one: Loose<ContainerPort>, other: Loose<ContainerPort>): string | undefined {
  const [{ hostPort: port = 0, hostIP: address = '' }, { hostPort: otherPort = 0, hostIP: otherAddress = '' }] = [
    one,
    other,
  ];
  if (address === otherAddress && port === otherPort) return 'duplicate';
  // One of them is there for documentation only.
  if (port === 0 || otherPort === 0) return 'overlapping';
  if (port === otherPort && (address === '') !== (otherAddress === '')) return 'dangerously ambiguous';
  return undefined;
}

function portNameWarnings(ports: readonly PlacedPort[]): string[] {
  const first = new Map<string, string>();
  return ports.flatMap(({ path, port: { name = '' } }) => {
    if (name === '') return [];
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, path);
      return [];
    }
    const consequence = `services and probes that select ports by name will use ${other}`;
    return [`${path}: duplicate port name ${JSON.stringify(name)} with ${other}, ${consequence}`];
  });
}
