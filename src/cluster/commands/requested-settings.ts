/**
 * What the flags of `coracle up` change of the settings that are kept. Nothing is written here: this is where all is
 * refused that a running cluster would not notice, that never changes, and that no server could start with.
 */
import { existsSync, statSync } from 'node:fs';
import type { UpOptions } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { CommandEnvironment } from '../environment.ts';
import type { Layout } from '../layout.ts';
import { isRunning } from '../processes/processes.ts';
import { readAccessSettings } from '../settings/access-settings.ts';
import { guardsFrom } from '../settings/guards.ts';
import { kubeletConfigFrom, schedulerConfigFrom } from '../settings/component-configs.ts';
import { nodeNames } from '../settings/nodes.ts';
import { announcedSettings, type ClusterSettings } from '../settings/settings.ts';
import type { SettingsRequest } from '../settings/settle.ts';
import { refuseBesideJoined } from './nodes.ts';

export async function requestedSettings(
  environment: CommandEnvironment,
  options: UpOptions,
  kept: ClusterSettings | undefined,
): Promise<SettingsRequest> {
  const { layout } = environment;
  refuseFewerNodes(options.nodes, kept);
  refuseOtherRuntime(layout, options, kept);
  const guards = guardsFrom(kept?.guards, options.guards ?? {});
  const kubeletConfig = await kubeletConfigFrom(kept, options.kubeletConfig);
  const schedulerConfig = await schedulerConfigFrom(kept, options.schedulerConfig);
  const request = { ...options, guards, kubeletConfig, schedulerConfig };
  if (kept !== undefined && isRunning(layout, kept)) {
    refuseWhileRunning(layout, kept, request);
    if ((options.nodes ?? 1) > nodeNames(kept).length) await refuseBesideJoined(environment);
  } else {
    readAccessSettings(layout.dataDir, guards);
    // Their parsers are loaded only when there is something to parse.
    if (guards !== undefined) {
      const { checkGuardFiles } = await import('../settings/guard-files.ts');
      await checkGuardFiles(guards, environment.clock);
    }
  }
  return request;
}

/** A name is one cluster's on this machine, and its data must not have gone from under it. */
export function refuseOthers(layout: Layout): void {
  const announced = announcedSettings(layout);
  if (announced === undefined || !isRunning(layout, announced)) return;
  if (announced.dataDir !== layout.dataDir) {
    throw new UserError(
      `a cluster ${layout.name} runs already, with its data in ${announced.dataDir}`,
      'choose another --name, or stop that one first',
    );
  }
  if (!existsSync(layout.settings)) {
    throw new UserError(
      `${layout.dataDir} was deleted while cluster ${layout.name} runs`,
      `clean up with: ${layout.command('reset')}`,
    );
  }
}

/** Each with what the cluster runs with, in words. */
function refuseWhileRunning(layout: Layout, kept: ClusterSettings, request: SettingsRequest): void {
  const { port, loadBalancerPool: pool = kept.loadBalancerPool } = request;
  const { advertiseAddress: address = kept.advertiseAddress ?? '', certificateValidityPeriod: period } = request;
  const differences: readonly (readonly [boolean, string])[] = [
    otherFile('kubelet', kept.kubeletConfig, request.kubeletConfig),
    otherFile('scheduler', kept.schedulerConfig, request.schedulerConfig),
    [pool !== kept.loadBalancerPool, `with the pool ${kept.loadBalancerPool}`],
    [address !== (kept.advertiseAddress ?? ''), `with ${kept.advertiseAddress ?? 'the address of the default route'}`],
    [port !== undefined && port !== 0 && port !== kept.port, `on port ${kept.port}`],
    [!deepEqual(request.guards, kept.guards), 'with other guards'],
    [
      period !== undefined && period !== kept.certificateValidityPeriod,
      `with certificates that are good for ${kept.certificateValidityPeriod ?? 'a year'}`,
    ],
  ];
  const found = differences.find(([differs]) => differs);
  if (found === undefined) return;
  throw new UserError(
    `cluster ${layout.name} is running ${found[1]}`,
    `stop it first to change that: ${layout.command('down')}`,
  );
}

function otherFile(
  component: string,
  kept: string | undefined,
  wanted: string | undefined,
): readonly [boolean, string] {
  return [wanted !== kept, `with ${kept ?? `no ${component} configuration`}`];
}

function refuseFewerNodes(wanted: number | undefined, kept: ClusterSettings | undefined): void {
  if (wanted === undefined) return;
  if (wanted < 1) throw new UserError('a cluster has at least one node', 'see: coracle up --help', 2);
  const present = kept === undefined ? 1 : nodeNames(kept).length;
  if (wanted < present) {
    throw new UserError(`the cluster has ${present} nodes already`, 'take nodes away with: coracle node rm NODE');
  }
}

/** Containers are one runtime's: another would not find them. */
function refuseOtherRuntime(layout: Layout, options: UpOptions, kept: ClusterSettings | undefined): void {
  const wanted = options.runtimeEndpoint;
  if (wanted !== undefined && kept !== undefined && wanted !== kept.runtimeEndpoint) {
    throw new UserError(
      `cluster ${layout.name} was made with ${kept.runtimeEndpoint ?? 'the built-in runtime'}`,
      `start afresh to change that: ${layout.command('reset')}`,
    );
  }
  const endpoint = kept?.runtimeEndpoint ?? wanted;
  if (endpoint === undefined) return;
  if ((options.nodes ?? 1) > 1) {
    throw new UserError('one runtime serves one node', 'leave --nodes away, or --container-runtime-endpoint');
  }
  if (statSync(endpoint.replace('unix://', ''), { throwIfNoEntry: false })?.isSocket() !== true) {
    throw new UserError(`there is no container runtime at ${endpoint}`, 'start it first, or correct the path');
  }
}
