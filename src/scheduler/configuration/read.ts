/**
 * A KubeSchedulerConfiguration file as profiles. Refused, by its path, is whatever it says that this scheduler cannot do;
 * what is for a process of its own (leader election, how it reaches the API server) has no effect.
 */
import { messageOf } from '../../base/errors.ts';
import type { Pauses } from '../../base/pauses.ts';
import { decodeObject } from '../../schema/decode.ts';
import { duplicate, faultMessage, forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { isRecord } from '../../schema/freeze.ts';
import { parseYaml } from '../../schema/yaml.ts';
import type { Plugin } from '../plugin.ts';
import { defaultPlugins, defaultSchedulerName, withSay, type Profile, type Profiles } from '../profile.ts';
import { readArguments } from './arguments.ts';
import { SchedulerConfigurationFile, type Plugins, type PluginSet, type SchedulerProfile } from './types.ts';

export interface SchedulerConfiguration {
  readonly profiles: Profiles;
  readonly backoff: Pauses;
}

/** The file is none, or says something that this scheduler cannot do. */
export class SchedulerConfigurationError extends Error {
  override readonly name = 'SchedulerConfigurationError';
}

/** Throws SchedulerConfigurationError, which names the fields. */
export async function readSchedulerConfiguration(text: string): Promise<SchedulerConfiguration> {
  const file = await decoded(text);
  const { percentageOfNodesToScore: percentage = 0, profiles: given = [{}] } = file;
  const faults: Fault[] = percentageFaults(percentage, 'percentageOfNodesToScore');
  if (file.extenders !== undefined) faults.push(forbidden('extenders', 'this scheduler calls no extenders'));
  const backoff = readBackoff(file, faults);
  const profiles: Record<string, Profile> = {};
  for (const [at, profile] of given.entries()) {
    const path = `profiles[${at}]`;
    const { schedulerName = given.length === 1 ? defaultSchedulerName : '' } = profile;
    if (schedulerName === '') faults.push(required(`${path}.schedulerName`));
    else if (Object.hasOwn(profiles, schedulerName)) faults.push(duplicate(`${path}.schedulerName`, schedulerName));
    profiles[schedulerName] = readProfile(profile, percentage, path, faults);
  }
  if (faults.length > 0) throw new SchedulerConfigurationError(faults.map(faultMessage).join('; '));
  return { profiles, backoff };
}

function readBackoff(
  { podInitialBackoffSeconds: first = 1, podMaxBackoffSeconds: longest = 10 }: SchedulerConfigurationFile,
  faults: Fault[],
): Pauses {
  if (first <= 0) faults.push(invalid('podInitialBackoffSeconds', first, 'must be greater than 0'));
  if (longest < first) {
    const detail = 'must be greater than or equal to PodInitialBackoffSeconds';
    faults.push(invalid('podMaxBackoffSeconds', longest, detail));
  }
  return { first: first * 1000, longest: longest * 1000 };
}

async function decoded(text: string): Promise<SchedulerConfigurationFile> {
  const { value } = await parseYaml(text).catch((error: unknown) => {
    throw new SchedulerConfigurationError(messageOf(error));
  });
  const isOne =
    isRecord(value) &&
    value['kind'] === 'KubeSchedulerConfiguration' &&
    value['apiVersion'] === 'kubescheduler.config.k8s.io/v1';
  if (!isOne) {
    const wanted = 'it is not of kind KubeSchedulerConfiguration, apiVersion kubescheduler.config.k8s.io/v1';
    throw new SchedulerConfigurationError(wanted);
  }
  try {
    const file = decodeObject(SchedulerConfigurationFile.schema, value);
    if (file.unknown.length > 0) throw new SchedulerConfigurationError(file.unknown.join(', '));
    return file.value;
  } catch (error) {
    throw new SchedulerConfigurationError(messageOf(error));
  }
}

function percentageFaults(percentage: number, path: string): Fault[] {
  return percentage < 0 || percentage > 100 ? [invalid(path, percentage, 'not in valid range [0-100]')] : [];
}

function readProfile(profile: SchedulerProfile, percentage: number, path: string, faults: Fault[]): Profile {
  const { percentageOfNodesToScore: percentageOfNodes = percentage, plugins = {}, pluginConfig = [] } = profile;
  const {
    faults: ofArguments,
    plugins: configured,
    volumeBindTimeout,
  } = readArguments(pluginConfig, `${path}.pluginConfig`);
  const names = Object.fromEntries(configured.map((each) => [each.name, each]));
  faults.push(
    ...percentageFaults(percentageOfNodes, `${path}.percentageOfNodesToScore`),
    ...ofArguments,
    ...pluginFaults(plugins, `${path}.plugins`),
  );
  const chosen = defaultPlugins.flatMap((each): Plugin[] => {
    const plugin = names[each.name] ?? each;
    const filters = isOn(plugin.name, plugins, 'preFilter', 'filter');
    const scores = plugin.weight > 0 && isOn(plugin.name, plugins, 'preScore', 'score');
    if (!filters && !scores) return [];
    return [withSay(plugin, { filters, scores, weight: weightOf(plugin, plugins) })];
  });
  return {
    plugins: chosen,
    preempts: isOn('DefaultPreemption', plugins, 'postFilter'),
    percentageOfNodes,
    ...(volumeBindTimeout === undefined ? {} : { volumeBindTimeout }),
  };
}

type Point = keyof Plugins;

/** What is said at an extension point goes before what is said of all of them. */
function isOn(name: string, plugins: Plugins, ...points: readonly Point[]): boolean {
  return points.every((point) => {
    const here = said(name, plugins[point]);
    return here ?? said(name, plugins.multiPoint) ?? true;
  });
}

/** Whether the plugin is enabled or disabled here; undefined if nothing is said of it. */
function said(name: string, set: PluginSet = {}): boolean | undefined {
  if (set.enabled?.some((each) => each.name === name) === true) return true;
  return set.disabled?.some((each) => each.name === name || each.name === '*') === true ? false : undefined;
}

function weightOf({ name, weight }: Plugin, { score, multiPoint }: Plugins): number {
  for (const set of [score, multiPoint]) {
    const enabled = set?.enabled?.find((each) => each.name === name);
    // Who enables it without a weight means one.
    if (enabled !== undefined) return enabled.weight ?? 1;
  }
  return weight;
}

/** Where this scheduler does what it does, whatever is said: it can be named there, and not left out. */
const fixed: Readonly<Partial<Record<Point, readonly string[]>>> = {
  preEnqueue: ['SchedulingGates'],
  queueSort: ['PrioritySort'],
  reserve: ['VolumeBinding'],
  permit: [],
  preBind: ['VolumeBinding'],
  bind: ['DefaultBinder'],
  postBind: [],
};
const known = [
  ...defaultPlugins.map(({ name }) => name),
  'SchedulingGates',
  'PrioritySort',
  'DefaultPreemption',
  'DefaultBinder',
];

function pluginFaults(plugins: Plugins, path: string): readonly Fault[] {
  return Object.entries(plugins as Readonly<Record<string, PluginSet>>).flatMap(([point, set]) => {
    const { enabled = [], disabled = [] } = set;
    const unchanging = fixed[point as Point];
    const able = unchanging ?? known;
    return [
      ...enabled.flatMap(({ name = '', weight = 0 }, at) => [
        ...(able.includes(name) ? [] : [notSupported(`${path}.${point}.enabled[${at}].name`, name, able)]),
        ...(weight < 0 ? [invalid(`${path}.${point}.enabled[${at}].weight`, weight, 'must not be negative')] : []),
      ]),
      ...disabled.flatMap(({ name = '' }, at) => {
        const here = `${path}.${point}.disabled[${at}].name`;
        // All of what is left out there is named again: nothing is.
        if (unchanging !== undefined && !unchanging.every((each) => enabled.some((other) => other.name === each))) {
          return [forbidden(here, 'this scheduler cannot do without')];
        }
        return name === '*' || able.includes(name) ? [] : [notSupported(here, name, ['*', ...able])];
      }),
    ];
  });
}
