/** What the kernel can mount. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface KernelFileSystems {
  /** Loads the module that brings the type, where it is not there and there is one. */
  canMount(type: string): Promise<boolean>;
}

export function kernelFileSystems(
  /** As /proc/filesystems lists them. */
  list: () => Promise<string>,
  load: (module: string) => Promise<void>,
): KernelFileSystems {
  const has = async (type: string): Promise<boolean> => {
    const names = (await list()).split('\n').map((line) => line.split('\t').at(-1));
    return names.includes(type);
  };
  return {
    async canMount(type) {
      if (await has(type)) return true;
      await load(type);
      return has(type);
    },
  };
}

export const systemFileSystems = kernelFileSystems(
  () => readFile('/proc/filesystems', 'utf8'),
  // Whether it worked is what the list says then.
  (module) => new Promise((resolve) => void execFile('modprobe', [module], { timeout: 30_000 }, () => resolve())),
);
