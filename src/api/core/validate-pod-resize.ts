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
  const kept = withOldAmounts(spec, before);
  const others = `only cpu and memory resources are mutable\n${describeDifference(before, kept)}`;
  return [
    ...podFaults(pod),
    ...(before.os?.name === 'windows' ? [forbidden('', 'windows pods cannot be resized')] : []),
    ...(changed ? [invalid('spec', pod.status?.qosClass ?? '', text)] : []),
    ...(['containers', 'initContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap(({ resources }, index) =>
        removalFaults(resources, before[list]?.[index]?.resources, `spec.${list}[${index}].resources`),
      ),
    ),
    ...(sameMeaning(kept, before) ? [] : [forbidden('spec', others)]),
  ];
}

/** An amount may change, but not go. */
function removalFaults(resources: Resources, old: Resources, path: string): Fault[] {
  return (['requests', 'limits'] as const).flatMap((part) => {
    const removed = Object.keys(old?.[part] ?? {}).some((name) => resources?.[part]?.[name] === undefined);
    return removed ? [forbidden(`${path}.${part}`, `resource ${part} cannot be removed`)] : [];
  });
}

/** The new specification with everything put back that a resize may change; what differs then is forbidden. */
function withOldAmounts(spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const restored = (young: Containers, before: Containers): Containers =>
    young?.map((container, index) => ({
      ...container,
      resizePolicy: before?.[index]?.resizePolicy,
      resources: amountsOf(container.resources, before?.[index]?.resources),
    }));
  return {
    ...spec,
    containers: restored(spec.containers, old.containers),
    initContainers: restored(spec.initContainers, old.initContainers),
  };
}

/** `young` with the cpu and memory of `old`. */
function amountsOf(young: Resources, old: Resources): Resources {
  const merged = (part: 'requests' | 'limits'): Readonly<Record<string, string | undefined>> => ({
    ...young?.[part],
    cpu: old?.[part]?.['cpu'],
    memory: old?.[part]?.['memory'],
  });
  return { ...young, requests: merged('requests'), limits: merged('limits') };
}
