/** AppArmor profiles of containers: the default one, which is loaded when it is first needed, and users' own. */
import { readFile } from 'node:fs/promises';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { CommandRunner } from '../../network/command.ts';
import { runOrThrow } from '../../network/command.ts';
import type { ContainerSecurity } from '../runtime.ts';

export const defaultProfile = 'coracle-default';

/**
 * What containers have unless they say otherwise: everything but what reaches beyond them through /proc and /sys, and
 * mounts. Signals and traces stay within the profile; the node may send signals in, as a runtime does under its own.
 */
const defaultProfileText = `
abi <abi/3.0>,
@{PROC}=/proc/
profile ${defaultProfile} flags=(attach_disconnected,mediate_deleted) {
  network,
  capability,
  file,
  umount,
  unix,
  dbus,

  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send, receive) peer=${defaultProfile},
  ptrace (trace, read, tracedby, readby) peer=${defaultProfile},

  deny @{PROC}/* w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/mem rwklx,
  deny @{PROC}/kmem rwklx,
  deny @{PROC}/kcore rwklx,

  deny mount,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;

export interface AppArmorOptions {
  /** Whether the kernel has it. */
  readonly enabled: boolean;
  readonly run: CommandRunner;
  /** The kernel's list of loaded profiles. */
  readonly profiles?: string;
}

export class AppArmor {
  readonly #options: AppArmorOptions;
  #loading: Promise<void> | undefined;

  constructor(options: AppArmorOptions) {
    this.#options = options;
  }

  /** Name of the profile to start with; undefined: none. Throws in containerd's words when it is not loaded. */
  async profileFor({ apparmor, privileged }: Pick<ContainerSecurity, 'apparmor' | 'privileged'>) {
    if (!this.#options.enabled || apparmor.type === 'unconfined') return undefined;
    if (apparmor.type === 'localhost') return this.#loaded(apparmor.localhost ?? '');
    if (privileged) return undefined;
    // A load that failed is tried again by the next container.
    this.#loading ??= this.#loadDefault().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
    return defaultProfile;
  }

  async #loaded(name: string): Promise<string> {
    if ((await this.#names()).includes(name)) return name;
    throw new Error(
      `failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found ${name}`,
    );
  }

  /** Also profiles within others: `outer//inner`. */
  async #names(): Promise<readonly string[]> {
    const { profiles: path = '/sys/kernel/security/apparmor/profiles' } = this.#options;
    try {
      const text = await readFile(path, 'utf8');
      return text.split('\n').map((line) => line.replace(/ \([a-z]+\)$/, ''));
    } catch (error) {
      const hint = codeOf(error) === 'ENOENT' ? ': mount securityfs at /sys/kernel/security' : '';
      throw new Error(`cannot read which AppArmor profiles are loaded: ${messageOf(error)}${hint}`, { cause: error });
    }
  }

  async #loadDefault(): Promise<void> {
    try {
      await runOrThrow(this.#options.run, 'apparmor_parser', ['--replace', '--skip-cache'], {
        input: defaultProfileText,
      });
    } catch (error) {
      const hint = codeOf(error) === 'ENOENT' ? ': apparmor_parser is missing, install the package apparmor' : '';
      throw new Error(`cannot load the AppArmor profile ${defaultProfile}${hint}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
