/**
 * The levels and versions that a namespace's labels ask for.
 *
 * Rules and texts: k8s.io/pod-security-admission api/helpers.go.
 */
import { invalid, type Fault } from '../../../schema/fault.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LeveledVersion {
  readonly level: Level;
  /** The minor version; Infinity for `latest`. */
  readonly minor: number;
}

export interface Policy {
  readonly enforce: LeveledVersion;
  readonly audit: LeveledVersion;
  readonly warn: LeveledVersion;
}

const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const latest = Infinity;
const open: LeveledVersion = Object.freeze({ level: 'privileged', minor: latest });
export const openPolicy: Policy = Object.freeze({ enforce: open, audit: open, warn: open });

const prefix = 'pod-security.kubernetes.io/';

export function textOf({ level, minor }: LeveledVersion): string {
  return `${level}:${minor === latest ? 'latest' : `v1.${minor}`}`;
}

/** Negative when `left` is the more open one. */
export const compareLevels = (left: Level, right: Level): number => levels.indexOf(left) - levels.indexOf(right);

export interface ParsedPolicy {
  readonly policy: Policy;
  readonly faults: readonly Fault[];
}

export function policyOf(labels: Readonly<Record<string, string>> = {}, defaults: Policy = openPolicy): ParsedPolicy {
  const faults: Fault[] = [];
  const read = <T>(
    label: string,
    parse: (text: string) => T | undefined,
    otherwise: T,
    rule: string,
  ): T | undefined => {
    const text = labels[prefix + label];
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) faults.push(invalid(`metadata.labels[${prefix}${label}]`, text, rule));
    return value ?? otherwise;
  };
  const level = (label: string, otherwise: Level): Level | undefined =>
    read(label, (text) => levels.find((each) => each === text), otherwise, `must be one of ${levels.join(', ')}`);
  const version = (label: string): number | undefined =>
    read(label, parseVersion, latest, 'must be "latest" or "v1.x"');
  // What can't be read is enforced to the full, but not reported: a typing error opens nothing.
  const enforceLevel = level('enforce', 'restricted');
  const enforced: LeveledVersion = {
    level: enforceLevel ?? defaults.enforce.level,
    minor: version('enforce-version') ?? defaults.enforce.minor,
  };
  const audit: LeveledVersion = {
    level: level('audit', 'privileged') ?? defaults.audit.level,
    minor: version('audit-version') ?? defaults.audit.minor,
  };
  const isEnforced = levels.some((each) => each === labels[`${prefix}enforce`]);
  const warn = warnOf(
    level('warn', 'privileged'),
    version('warn-version'),
    defaults.warn,
    isEnforced ? enforced : undefined,
  );
  return { policy: { enforce: enforced, audit, warn }, faults };
}

/** Without a label of its own, warnings say of Deployments what enforcing will say of their pods. */
function warnOf(
  level: Level | undefined,
  minor: number | undefined,
  defaults: LeveledVersion,
  enforced: LeveledVersion | undefined,
): LeveledVersion {
  if (level === undefined && enforced !== undefined && compareLevels(enforced.level, defaults.level) > 0) {
    return { level: enforced.level, minor: minor ?? enforced.minor };
  }
  return { level: level ?? defaults.level, minor: minor ?? defaults.minor };
}

function parseVersion(text: string): number | undefined {
  if (text === 'latest') return latest;
  const match = /^v1\.(0|[1-9]\d*)$/u.exec(text);
  return match === null ? undefined : Number(match[1]);
}
