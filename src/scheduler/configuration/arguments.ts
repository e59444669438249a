/** The arguments of a profile's plugins (`pluginConfig`): what is wrong with them, and the plugins that they make. */
import type { TopologySpreadConstraint } from '../../api/core/affinity.ts';
import { nodeSelectorFaults } from '../../api/core/validate-affinity.ts';
import { decodeObject } from '../../schema/decode.ts';
import { duplicate, forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { isRecord } from '../../schema/freeze.ts';
import type { Infer, Struct } from '../../schema/field.ts';
import type { Plugin } from '../plugin.ts';
import { interPodAffinityWith } from '../plugins/inter-pod-affinity.ts';
import { nodeAffinityWith } from '../plugins/node-affinity.ts';
import { balancedAllocationWith, nodeResourcesFitWith } from '../plugins/node-resources.ts';
import {
  cpuAndMemory,
  type ScoringStrategy,
  type ShapePoint,
  type WeightedResource,
} from '../plugins/resource-scoring.ts';
import { podTopologySpread, podTopologySpreadWith } from '../plugins/topology-spread.ts';
import {
  BalancedAllocationArgs,
  FitArgs,
  InterPodAffinityArgs,
  NodeAffinityArgs,
  PreemptionArgs,
  TopologySpreadArgs,
  VolumeBindingArgs,
} from './types.ts';

export interface Arguments {
  /** Plugins that take the place of the default ones of their names. */
  readonly plugins: readonly Plugin[];
  /** How long pods wait for their volumes; milliseconds. */
  readonly volumeBindTimeout?: number;
  readonly faults: readonly Fault[];
}

type Reader = (args: unknown, path: string) => Arguments;

const nothing: Arguments = { plugins: [], faults: [] };

/** What each plugin can be told. Plugins that are not here take no arguments. */
const readers: Readonly<Record<string, Reader>> = {
  NodeResourcesFit: reader(FitArgs, 'NodeResourcesFitArgs', readFit),
  NodeResourcesBalancedAllocation: reader(BalancedAllocationArgs, 'NodeResourcesBalancedAllocationArgs', readBalanced),
  InterPodAffinity: reader(InterPodAffinityArgs, 'InterPodAffinityArgs', readInterPodAffinity),
  NodeAffinity: reader(NodeAffinityArgs, 'NodeAffinityArgs', readNodeAffinity),
  PodTopologySpread: reader(TopologySpreadArgs, 'PodTopologySpreadArgs', readTopologySpread),
  DefaultPreemption: reader(PreemptionArgs, 'DefaultPreemptionArgs', () => nothing),
  VolumeBinding: reader(VolumeBindingArgs, 'VolumeBindingArgs', ({ bindTimeoutSeconds = 600 }, path) => ({
    plugins: [],
    volumeBindTimeout: bindTimeoutSeconds * 1000,
    faults:
      bindTimeoutSeconds < 0
        ? [invalid(`${path}.bindTimeoutSeconds`, bindTimeoutSeconds, 'should not be a negative value')]
        : [],
  })),
};

/** `path`: of the list. */
export function readArguments(
  configured: readonly { readonly name?: string; readonly args?: unknown }[],
  path: string,
): Arguments {
  const all = configured.map(({ name = '', args }, at): Arguments => {
    const here = `${path}[${at}]`;
    if (configured.findIndex((each) => each.name === name) < at) {
      return { ...nothing, faults: [duplicate(here, name)] };
    }
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (read === undefined) return { ...nothing, faults: [notSupported(`${here}.name`, name, Object.keys(readers))] };
    return read(args ?? {}, `${here}.args`);
  });
  return {
    ...Object.assign({}, ...all),
    plugins: all.flatMap(({ plugins }) => plugins),
    faults: all.flatMap(({ faults }) => faults),
  };
}

function reader<S extends Struct>(
  { schema }: S,
  kind: string,
  read: (args: Infer<S>, path: string) => Arguments,
): Reader {
  return (args, path) => {
    if (!isRecord(args)) return { ...nothing, faults: [invalid(path, args, 'must be an object')] };
    const { kind: given = kind, apiVersion = 'kubescheduler.config.k8s.io/v1' } = args;
    if (given !== kind || apiVersion !== 'kubescheduler.config.k8s.io/v1') {
      const detail = `must be of kind ${kind}, apiVersion kubescheduler.config.k8s.io/v1`;
      return { ...nothing, faults: [invalid(path, `${String(apiVersion)} ${String(given)}`, detail)] };
    }
    const { value, unknown } = decodeObject(schema, args);
    if (unknown.length > 0) return { ...nothing, faults: [forbidden(path, unknown.join(', '))] };
    return read(value as Infer<S>, path);
  };
}

function readFit(
  { ignoredResources = [], ignoredResourceGroups = [], scoringStrategy }: FitArgs,
  path: string,
): Arguments {
  const faults = ignoredResourceGroups.flatMap((group, at) =>
    group.includes('/')
      ? [invalid(`${path}.ignoredResourceGroups[${at}]`, group, "resource group name can't contain '/'")]
      : [],
  );
  const strategy = readStrategy(scoringStrategy, `${path}.scoringStrategy`, faults);
  const ignored = [...ignoredResources, ...ignoredResourceGroups];
  return { plugins: [nodeResourcesFitWith({ ignored, strategy })], faults };
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'] as const;

function readStrategy(given: FitArgs['scoringStrategy'], path: string, faults: Fault[]): ScoringStrategy {
  const { type: name = 'LeastAllocated', resources: named = [], requestedToCapacityRatio: ratio } = given ?? {};
  const type = strategies.find((each) => each === name);
  if (type === undefined) faults.push(notSupported(`${path}.type`, name, strategies));
  const resources = weighted(named);
  faults.push(...weightFaults(resources, `${path}.resources`));
  faults.push(...ratioFaults(type, ratio?.shape, `${path}.requestedToCapacityRatio`));
  if (type === 'RequestedToCapacityRatio') return { type, resources, shape: ratio?.shape ?? [] };
  return { type: type ?? 'LeastAllocated', resources };
}

function weightFaults(resources: readonly WeightedResource[], path: string): readonly Fault[] {
  return resources.flatMap(({ name, weight }, at) =>
    weight > 0 && weight <= 100
      ? []
      : [invalid(`${path}[${at}].weight`, weight, `resource weight of ${name} not in valid range (0, 100]`)],
  );
}

/** With upstream's defaults: both resources that every pod has, and a weight of one. */
function weighted(named: readonly { readonly name?: string; readonly weight?: number }[]): readonly WeightedResource[] {
  return named.length === 0 ? cpuAndMemory : named.map(({ name = '', weight = 1 }) => ({ name, weight }));
}

function ratioFaults(
  type: ScoringStrategy['type'] | undefined,
  shape: readonly ShapePoint[] | undefined,
  path: string,
): readonly Fault[] {
  if (type !== 'RequestedToCapacityRatio') {
    return shape === undefined ? [] : [forbidden(path, 'must be nil when type is not RequestedToCapacityRatio')];
  }
  if (shape === undefined) return [required(path, 'must be specified when type is RequestedToCapacityRatio')];
  return shapeFaults(shape, `${path}.shape`);
}

function shapeFaults(shape: readonly ShapePoint[], path: string): readonly Fault[] {
  if (shape.length === 0) return [required(path, 'at least one point must be specified')];
  const unsorted = shape.findIndex(({ utilization }, at) => at > 0 && (shape[at - 1]?.utilization ?? 0) >= utilization);
  return [
    ...(unsorted < 0
      ? []
      : [
          invalid(
            `${path}[${unsorted}].utilization`,
            shape[unsorted]?.utilization,
            'values must be sorted in increasing order',
          ),
        ]),
    ...shape.flatMap(({ utilization, score }, at) => [
      ...rangeFaults(`${path}[${at}].utilization`, utilization, 100),
      ...rangeFaults(`${path}[${at}].score`, score, 10),
    ]),
  ];
}

function rangeFaults(path: string, value: number, most: number): readonly Fault[] {
  return value < 0 || value > most ? [invalid(path, value, `not in valid range [0, ${most}]`)] : [];
}

function readBalanced({ resources: named = [] }: BalancedAllocationArgs, path: string): Arguments {
  const resources = weighted(named);
  const faults = resources.flatMap(({ name, weight }, at) => [
    ...(resources.findIndex((each) => each.name === name) < at
      ? [duplicate(`${path}.resources[${at}].name`, name)]
      : []),
    ...(weight === 1 ? [] : [invalid(`${path}.resources[${at}].weight`, weight, 'must be 1')]),
  ]);
  return { plugins: [balancedAllocationWith(resources)], faults };
}

function readInterPodAffinity(
  { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }: InterPodAffinityArgs,
  path: string,
): Arguments {
  return {
    plugins: [interPodAffinityWith({ hardPodAffinityWeight, ignorePreferredTermsOfExistingPods })],
    faults: rangeFaults(`${path}.hardPodAffinityWeight`, hardPodAffinityWeight, 100),
  };
}

function readNodeAffinity({ addedAffinity = {} }: NodeAffinityArgs, path: string): Arguments {
  const { requiredDuringSchedulingIgnoredDuringExecution: demanded } = addedAffinity;
  const at = `${path}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
  return {
    plugins: [nodeAffinityWith(addedAffinity)],
    faults: demanded === undefined ? [] : nodeSelectorFaults(demanded, at),
  };
}

const defaulting = ['List', 'System'];
const actions = ['DoNotSchedule', 'ScheduleAnyway'];

function readTopologySpread(
  { defaultConstraints = [], defaultingType = 'System' }: TopologySpreadArgs,
  path: string,
): Arguments {
  const at = `${path}.defaultingType`;
  const ofType = defaulting.includes(defaultingType)
    ? defaultingType === 'System' && defaultConstraints.length > 0
      ? [invalid(at, defaultingType, 'when .defaultConstraints are not empty')]
      : []
    : [notSupported(at, defaultingType, defaulting)];
  const plugin = defaultingType === 'System' ? podTopologySpread : podTopologySpreadWith(defaultConstraints);
  return {
    plugins: [plugin],
    faults: [...ofType, ...constraintFaults(defaultConstraints, `${path}.defaultConstraints`)],
  };
}

function constraintFaults(constraints: readonly TopologySpreadConstraint[], path: string): readonly Fault[] {
  return constraints.flatMap(({ maxSkew, topologyKey, whenUnsatisfiable: action, labelSelector }, index) => {
    const at = `${path}[${index}]`;
    const first = constraints.findIndex(
      (each) => each.topologyKey === topologyKey && each.whenUnsatisfiable === action,
    );
    const deduced = 'constraint must not define a selector, as they deduced for each pod';
    return [
      ...(maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew, 'not in valid range (0, inf)')]),
      ...(topologyKey === '' ? [required(`${at}.topologyKey`, 'can not be empty')] : []),
      ...(actions.includes(action) ? [] : [notSupported(`${at}.whenUnsatisfiable`, action, actions)]),
      ...(labelSelector === undefined ? [] : [forbidden(`${at}.labelSelector`, deduced)]),
      ...(first < index ? [duplicate(at, `{${topologyKey}, ${action}}`)] : []),
    ];
  });
}
