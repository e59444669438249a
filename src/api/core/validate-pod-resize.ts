/** What may change through `pods/resize`: amounts of cpu and memory, as long as nothing else follows from it. */
import { forbidden, invalid, type Fault } from '../../schema/fault.ts';
import { describeDifference, sameMeaning } from '../rules/equal.ts';
import type { Loose } from '../rules/loose.ts';
import type { Container, ResourceRequirements } from './container.ts';
import { qosClassOf } from './pod-qos.ts';
import type { PodSpec } from './pod-spec.ts';
import { podFaults, type PodLike } from './validate-pod.ts';

type Containers = readonly Loose<Container>[] | undefined;
type Resources = Loose<ResourceRequirements> | undefined;

export function podResizeFaults(pod: PodLike, old: PodLike): Fault[] {
  const [spec, before] = [pod.spec ?? {}, old.spec ?? {}];
  const changed = qosClassOf(spec) !== qosClassOf(before);
  const text = 'Pod QOS Class may not change as a result of resizing';
  const [fixed, fixedBefore] = [withoutAmounts(spec), withoutAmounts(before)];
  const others = `only cpu and memory resources are mutable\n${describeDifference(fixedBefore, fixed)}`;
  return [
    ...podFaults(pod),
    ...(before.os?.name === 'windows' ? [forbidden('', 'windows pods cannot be resized')] : []),
    ...(changed ? [invalid('spec', pod.status?.qosClass ?? '', text)] : []),
    ...(['containers', 'initContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap(({ resources }, index) =>
        removalFaults(resources, before[list]?.[index]?.resources, `spec.${list}[${index}].resources`),
      ),
    ),
    ...(sameMeaning(fixed, fixedBefore) ? [] : [forbidden('spec', others)]),
  ];
}

/** An amount may change, but not go. */
function removalFaults(resources: Resources, old: Resources, path: string): Fault[] {
  return (['requests', 'limits'] as const).flatMap((part) => {
    const removed = Object.keys(old?.[part] ?? {}).some((name) => resources?.[part]?.[name] === undefined);
    return removed ? [forbidden(`${path}.${part}`, `resource ${part} cannot be removed`)] : [];
  });
}

/** The specification without what a resize may change; what differs then is forbidden. */
function withoutAmounts(spec: Loose<PodSpec>): Loose<PodSpec> {
  const strip = (list: Containers): Containers =>
    list?.map((container) => ({ ...container, resizePolicy: undefined, resources: otherAmounts(container.resources) }));
  return { ...spec, containers: strip(spec.containers), initContainers: strip(spec.initContainers) };
}

function otherAmounts(resources: Resources): Resources {
  const others = (part: 'requests' | 'limits'): Readonly<Record<string, string | undefined>> | undefined => {
    const entries = Object.entries(resources?.[part] ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory');
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  return { ...resources, requests: others('requests'), limits: others('limits') };
}
