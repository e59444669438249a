/** The command line of `coracle test guest`. Pure. */
import { parseArgs } from 'node:util';
import { UserError } from '../../src/cli/user-error.ts';

export interface Options {
  /** Regular expression over tests' full names, file included; undefined: all. */
  readonly focus: string | undefined;
  /** Leave the guest running at the end; the next run uses it again. */
  readonly keep: boolean;
  /** A terminal in the guest instead of tests. */
  readonly shell: boolean;
  readonly help: boolean;
}

export const usage = `usage: coracle test guest [--focus REGEX] [--keep] [--shell]

Tests of what this machine's kernel may lack: cgroup v2, AppArmor, NFS, SCTP, user namespaces; and of what it should be
spared: full disks, fork bombs, reboots, power cuts. They run against a cluster in a virtual machine (QEMU without KVM,
Debian's cloud kernel), which is made of Debian's packages at the first run, in half a minute and 1 GB. All of them take
about twenty minutes on two cores. Needs root and Debian 12 with its package mirrors.

  --focus REGEX    only tests whose full name matches, such as 'AppArmor' or 'cgroup v2.*memory'
  --keep           leaves the guest running; the next run uses it again, with the programs that it was started with
  --shell          starts the guest and its cluster and opens a terminal there, with \`coracle\` in it, instead of tests
  --help

CORACLE_GUEST_CACHE   folder for what is made; default .build/guest. Delete it for newer Debian packages.
Exit code: 0, 1 (a test failed), 2 (wrong usage), 130 (interrupted).

examples:
  coracle test guest --focus NFS
  coracle test guest --keep --focus 'cgroup v2'
  coracle test guest --shell`;

const flags = {
  focus: { type: 'string' },
  keep: { type: 'boolean', default: false },
  shell: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const refuse = (what: string): never => {
  throw new UserError(what, 'see: coracle test guest --help', 2);
};

/** Throws UserError with exit code 2. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parsed(args);
  if (values.focus !== undefined) checkFocus(values.focus);
  if (values.shell && values.focus !== undefined) refuse('--shell runs no tests: --focus does not go with it');
  return { ...values, focus: values.focus };
}

function checkFocus(focus: string): void {
  if (focus === '') refuse('--focus takes a regular expression, not an empty text');
  try {
    RegExp(focus);
  } catch (error) {
    refuse(`--focus takes a regular expression: ${(error as Error).message}`);
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: false });
  } catch (error) {
    return refuse((error as Error).message);
  }
}
