/** All checks of a level and version against one pod. */
import type { Pod } from '../../../api/core/pod.ts';
import { baselineChecks } from './baseline.ts';
import type { Check, CheckPod, Container, Spec, Subject, Violation } from './check.ts';
import type { LeveledVersion } from './level.ts';
import { restrictedChecks } from './restricted.ts';

/** The newest version that the checks know; `latest` and later ones mean this one. */
const newestMinor = 35;

export function violationsOf(
  { level, minor }: LeveledVersion,
  metadata: Partial<Pick<Pod['metadata'], 'annotations'>>,
  spec: Spec,
): readonly Violation[] {
  if (level === 'privileged') return [];
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  const subject: Subject = {
    annotations: metadata.annotations ?? {},
    spec,
    containers: [...initContainers, ...containers, ...(ephemeralContainers as readonly Container[])],
  };
  return checksOf(level, Math.min(minor, newestMinor)).flatMap((check) => check(subject) ?? []);
}

const made = new Map<string, readonly CheckPod[]>();

function checksOf(level: 'baseline' | 'restricted', minor: number): readonly CheckPod[] {
  const key = `${level}:${minor}`;
  let checks = made.get(key);
  if (checks === undefined) {
    checks = choose(level, minor);
    made.set(key, checks);
  }
  return checks;
}

/** Baseline's checks first, without those that a stricter one replaces. */
function choose(level: 'baseline' | 'restricted', minor: number): readonly CheckPod[] {
  const stricter = level === 'restricted' ? restrictedChecks.filter((each) => at(each, minor) !== undefined) : [];
  const replaced = new Set(stricter.map(({ replaces }) => replaces));
  return [...baselineChecks.filter(({ id }) => !replaced.has(id)), ...stricter].flatMap(
    (check) => at(check, minor) ?? [],
  );
}

function at({ since }: Check, minor: number): CheckPod | undefined {
  return since.findLast(([first]) => first <= minor)?.[1];
}

/** `host namespaces (hostNetwork=true), privileged (container "a" must ...)` */
export function detailsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

export function reasonsText(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(', ');
}
