/** Files that set up components, as upstream's `--config` does: kept by their paths, read at each start. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { UserError } from '../../cli/user-error.ts';
import type { NodeConfig } from '../../node/config.ts';
import { readKubeletConfiguration } from '../../node/kubelet-configuration.ts';
import type { SchedulerConfiguration } from '../../scheduler/configuration/read.ts';
import type { ClusterSettings } from './settings.ts';

/** What is set from now on: the flag over what was kept; given empty there is no file any more. Throws UserError. */
export function kubeletConfigFrom(
  kept: Pick<ClusterSettings, 'kubeletConfig'> | undefined,
  flag: string | undefined,
): Promise<string | undefined> {
  return chosen(kept?.kubeletConfig, flag, readKubeletConfig);
}

/** The same of --scheduler-config. */
export function schedulerConfigFrom(
  kept: Pick<ClusterSettings, 'schedulerConfig'> | undefined,
  flag: string | undefined,
): Promise<string | undefined> {
  return chosen(kept?.schedulerConfig, flag, readSchedulerConfig);
}

/** All nodes' agents'. Throws UserError when the file cannot be used. */
export async function readKubeletConfig(path: string | undefined): Promise<Partial<NodeConfig>> {
  if (path === undefined) return {};
  return await usable('kubelet', path, readKubeletConfiguration);
}

/** Throws UserError when the file cannot be used. */
export async function readSchedulerConfig(path: string | undefined): Promise<Partial<SchedulerConfiguration>> {
  if (path === undefined) return {};
  // What reads it is loaded only when there is something to read.
  const { readSchedulerConfiguration } = await import('../../scheduler/configuration/read.ts');
  return await usable('scheduler', path, readSchedulerConfiguration);
}

async function chosen(
  kept: string | undefined,
  flag: string | undefined,
  read: (path: string) => Promise<unknown>,
): Promise<string | undefined> {
  const path = flag === undefined || flag === '' ? flag : resolve(flag);
  const now = path ?? kept;
  if (now === undefined || now === '') return undefined;
  await read(now);
  return now;
}

async function usable<T>(component: string, path: string, read: (text: string) => Promise<T>): Promise<T> {
  try {
    return await read(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(
      `the ${component} configuration ${path} can't be used: ${messageOf(error)}`,
      `mend it, or go on without: coracle up --${component}-config ''`,
    );
  }
}
