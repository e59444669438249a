/** The command line of `coracle test upstream`. Pure. */
import { parseArgs } from 'node:util';
import { UserError } from '../../src/cli/user-error.ts';

export interface Options {
  /** Go regular expression over tests' full names. */
  readonly focus: string;
  readonly skip: string | undefined;
  /** How many tests run side by side. */
  readonly processes: number;
  /** Of the cluster. */
  readonly name: string;
  /** Leave the cluster running at the end; the next run uses it again. */
  readonly keep: boolean;
  /** Also run what left-out.ts names. */
  readonly all: boolean;
  /** The tests that no conformance asks for, on a cluster with a control plane node. */
  readonly beyondConformance: boolean;
  /** Only print the tests' names. */
  readonly list: boolean;
  readonly help: boolean;
}

export const usage = `usage: coracle test upstream [--beyond-conformance] [--focus REGEX] [--skip REGEX] [--processes N] [--list]

Runs Kubernetes' own end-to-end tests (v1.20.2, built from Debian's source package) against a cluster of its own,
which is deleted afterwards. The first run builds them, in a quarter of an hour or more and 6 GB; later ones start at
once. Needs root, Debian 12 and, for the first run, its package mirrors.

  --beyond-conformance
                   the others: those not marked [Conformance] that fit a cluster on one machine, on two nodes with
                   network and mounts of their own beside a control plane node
  --focus REGEX    only tests whose full name matches (Go's syntax); default \\[Conformance\\], 311 tests
  --skip REGEX     without those that match
  --processes N    so many tests side by side (default 2); those marked [Serial] come last, one by one
  --list           prints which tests would run and which are left out, and why
  --all            also runs the tests that are left out
  --name NAME      of the cluster (default upstream)
  --keep           leaves the cluster running; the next run with that name uses it again
  --help

CORACLE_UPSTREAM_CACHE   folder for what is built; default .build/upstream
Exit code: 0, 1 (a test failed), 2 (wrong usage), 130 (interrupted). Logs: reports/ in that folder.

examples:
  coracle test upstream --focus 'ConfigMap.*\\[Conformance\\]'
  coracle test upstream --list --focus 'sig-network.*\\[Conformance\\]'
  coracle test upstream --beyond-conformance --focus 'sig-storage' --skip '\\[Slow\\]'
  coracle test upstream --processes 4`;

const conformance = String.raw`\[Conformance\]`;

const flags = {
  focus: { type: 'string' },
  skip: { type: 'string' },
  processes: { type: 'string', default: '2' },
  name: { type: 'string', default: 'upstream' },
  keep: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  'beyond-conformance': { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const refuse = (what: string): never => {
  throw new UserError(what, 'see: coracle test upstream --help', 2);
};

/** Throws UserError with exit code 2. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parsed(args);
  const processes = Number(values.processes);
  if (!Number.isInteger(processes) || processes < 1 || processes > 64) {
    refuse(`--processes takes a number from 1 to 64, not "${values.processes}"`);
  }
  if (values.focus === '') refuse('--focus takes a regular expression, not an empty text');
  if (values.skip === '') refuse('--skip takes a regular expression, not an empty text');
  const { 'beyond-conformance': beyondConformance, skip, ...others } = values;
  const focus = values.focus ?? (beyondConformance ? '.' : conformance);
  const skips = [...(beyondConformance ? [conformance] : []), ...(skip === undefined ? [] : [skip])];
  return { ...others, beyondConformance, processes, focus, skip: skips.length === 0 ? undefined : skips.join('|') };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: false });
  } catch (error) {
    return refuse((error as Error).message);
  }
}
