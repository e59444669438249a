/** Which failures of pods end a job, and which indexes suffice for its success. */
import { duplicate, invalid, notSupported, required, tooLong, tooMany, type Fault } from '../../schema/fault.ts';
import { labelNameFaults, nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from './job.ts';
import { parseIndexes } from './job-indexes.ts';

type Spec = Loose<JobSpec>;

const maxRules = 20;
const maxValues = 255;
const maxPatterns = 20;
const maxIndexBytes = 64 * 1024;

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

/** A fault about a whole rule, which is too long to print. */
const wrong = (path: string, text: string): Fault => ({
  type: 'FieldValueInvalid',
  path,
  body: `Invalid value: ${text}`,
});

export function failurePolicyFaults(spec: Spec, path: string): Fault[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name ?? ''));
  return [
    ...(rules.length > maxRules ? [tooMany(`${path}.rules`, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => ruleFaults(rule, spec, names, `${path}.rules[${index}]`)),
  ];
}

function ruleFaults(rule: Loose<PodFailurePolicyRule>, spec: Spec, names: ReadonlySet<string>, path: string): Fault[] {
  const { onExitCodes, onPodConditions = [] } = rule;
  const both = onExitCodes !== undefined && onPodConditions.length > 0;
  const none = onExitCodes === undefined && onPodConditions.length === 0;
  return [
    ...actionFaults(rule.action ?? '', spec, `${path}.action`),
    ...(onExitCodes === undefined ? [] : exitCodeFaults(onExitCodes, names, `${path}.onExitCodes`)),
    ...(onPodConditions.length > maxPatterns
      ? [tooMany(`${path}.onPodConditions`, onPodConditions.length, maxPatterns)]
      : []),
    ...onPodConditions.flatMap((each, index) => patternFaults(each, `${path}.onPodConditions[${index}]`)),
    ...(both ? [wrong(path, 'specifying both OnExitCodes and OnPodConditions is not supported')] : []),
    ...(none ? [wrong(path, 'specifying one of OnExitCodes and OnPodConditions is required')] : []),
  ];
}

function oneOf(value: string, allowed: readonly string[], path: string): Fault[] {
  const quoted = allowed.map((each) => JSON.stringify(each)).join(' ');
  if (value === '') return [required(path, `valid values: [${quoted}]`)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

function actionFaults(action: string, spec: Spec, path: string): Fault[] {
  if (action !== 'FailIndex') return oneOf(action, actions, path);
  if (spec.backoffLimitPerIndex !== undefined) return [];
  return [invalid(path, action, 'requires the backoffLimitPerIndex to be set')];
}

function exitCodeFaults(
  codes: Loose<PodFailurePolicyOnExitCodesRequirement>,
  names: ReadonlySet<string>,
  path: string,
): Fault[] {
  const { containerName, operator = '', values = [] } = codes;
  const unknown = containerName !== undefined && !names.has(containerName);
  const at = `${path}.values`;
  const ordered = values.every((value, index) => index === 0 || (values[index - 1] ?? 0) <= (value ?? 0));
  const text = 'must be one of the container or initContainer names in the pod template';
  return [
    ...oneOf(operator, operators, `${path}.operator`),
    ...(unknown ? [invalid(`${path}.containerName`, containerName, text)] : []),
    ...(values.length === 0 ? [invalid(at, values, 'at least one value is required')] : []),
    ...(values.length > maxValues ? [tooMany(at, values.length, maxValues)] : []),
    ...values.flatMap((value, index) => [
      ...(operator === 'In' && value === 0
        ? [invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator')]
        : []),
      ...(values.indexOf(value) < index ? [duplicate(`${at}[${index}]`, value)] : []),
    ]),
    ...(ordered ? [] : [invalid(at, values, 'must be ordered')]),
  ];
}

function patternFaults(
  { type = '', status = '' }: Loose<PodFailurePolicyOnPodConditionsPattern>,
  path: string,
): Fault[] {
  return [...labelNameFaults(`${path}.type`, type), ...oneOf(status, statuses, `${path}.status`)];
}

export function successPolicyFaults(spec: Spec, path: string): Fault[] {
  if (spec.successPolicy === undefined) return [];
  if (spec.completionMode !== 'Indexed') return [invalid(path, spec.successPolicy, 'requires indexed completion mode')];
  const rules = spec.successPolicy.rules ?? [];
  const at = `${path}.rules`;
  return [
    ...(rules.length === 0
      ? [required(at, 'at least one rules must be specified when the successPolicy is specified')]
      : []),
    ...(rules.length > maxRules ? [tooMany(at, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => successRuleFaults(rule, spec.completions ?? 0, `${at}[${index}]`)),
  ];
}

function successRuleFaults(rule: Loose<SuccessPolicyRule>, completions: number, path: string): Fault[] {
  const { succeededCount, succeededIndexes } = rule;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    return [required(path, 'at least one of succeededCount or succeededIndexes must be specified')];
  }
  const parsed = parseIndexes(succeededIndexes ?? '', completions);
  const indexes = `${path}.succeededIndexes`;
  return [
    ...((succeededIndexes ?? '').length > maxIndexBytes ? [tooLong(indexes, maxIndexBytes)] : []),
    ...(parsed.problem === undefined
      ? []
      : [invalid(indexes, succeededIndexes, `error parsing succeededIndexes: ${parsed.problem}`)]),
    ...successCountFaults(
      succeededCount,
      completions,
      succeededIndexes === undefined ? undefined : parsed.total,
      `${path}.succeededCount`,
    ),
  ];
}

function successCountFaults(
  count: number | undefined,
  completions: number,
  indexes: number | undefined,
  path: string,
): Fault[] {
  if (count === undefined) return [];
  const most = (limit: number, what: string): Fault[] =>
    count > limit ? [invalid(path, count, `must be less than or equal to ${limit} (the number of ${what})`)] : [];
  return [
    ...nonNegativeFaults(path, count),
    ...most(completions, 'specified completions'),
    ...(indexes === undefined ? [] : most(indexes, 'indexes in the specified succeededIndexes field')),
  ];
}
