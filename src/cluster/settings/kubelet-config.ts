/** The file that --kubelet-config names: settings of all nodes' agents, kept by its path. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { UserError } from '../../cli/user-error.ts';
import type { NodeConfig } from '../../node/config.ts';
import { readKubeletConfiguration } from '../../node/kubelet-configuration.ts';
import type { ClusterSettings } from './settings.ts';

/** What is set from now on: the flag over what was kept; given empty there is no file any more. Throws UserError. */
export async function kubeletConfigFrom(
  kept: Pick<ClusterSettings, 'kubeletConfig'> | undefined,
  flag: string | undefined,
): Promise<string | undefined> {
  const path = flag === undefined || flag === '' ? flag : resolve(flag);
  const chosen = path ?? kept?.kubeletConfig;
  if (chosen === undefined || chosen === '') return undefined;
  await readKubeletConfig(chosen);
  return chosen;
}

/** Throws UserError when the file cannot be used. */
export async function readKubeletConfig(path: string | undefined): Promise<Partial<NodeConfig>> {
  if (path === undefined) return {};
  try {
    return await readKubeletConfiguration(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(
      `the kubelet configuration ${path} can't be used: ${messageOf(error)}`,
      "mend it, or go on without: coracle up --kubelet-config ''",
    );
  }
}
