/** What a pod's failure means to its job: the first rule of the policy that matches decides. */
import type { Job, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from '../../api/batch/job.ts';
import type { Pod } from '../../api/core/pod.ts';

export interface FailureVerdict {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  /** Whether the failure counts towards the limits. */
  readonly counts: boolean;
  /** Why the job fails, for FailJob. */
  readonly message?: string;
}

const counted: FailureVerdict = { action: 'Count', counts: true };

export function judgeFailure({ spec }: Job, pod: Pod): FailureVerdict {
  for (const [index, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const match = matchOf(rule, pod);
    if (match === undefined) continue;
    const { action } = rule;
    if (action === 'FailJob')
      return { action, counts: true, message: `${match} matching FailJob rule at index ${index}` };
    if (action === 'FailIndex' && spec?.backoffLimitPerIndex === undefined) return counted;
    return { action, counts: action !== 'Ignore' };
  }
  return counted;
}

/** What of the pod the rule matches, as a sentence. */
function matchOf(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  return rule.onExitCodes === undefined ? conditionMatch(rule, pod, name) : exitMatch(rule.onExitCodes, pod, name);
}

function conditionMatch(
  { onPodConditions = [] }: PodFailurePolicyRule,
  { status }: Pod,
  name: string,
): string | undefined {
  const found = status?.conditions?.find((condition) =>
    onPodConditions.some((each) => each.type === condition.type && each.status === condition.status),
  );
  return found === undefined ? undefined : `Pod ${name} has condition ${found.type}`;
}

function exitMatch(meant: PodFailurePolicyOnExitCodesRequirement, { status }: Pod, name: string): string | undefined {
  for (const each of [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]) {
    const exitCode = each.state?.terminated?.exitCode ?? 0;
    if (isMeant(meant, each.name, exitCode)) {
      return `Container ${each.name} for pod ${name} failed with exit code ${exitCode}`;
    }
  }
  return undefined;
}

function isMeant(
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
  name: string,
  exitCode: number,
): boolean {
  if (exitCode === 0 || (containerName !== undefined && containerName !== name)) return false;
  return values.includes(exitCode) === (operator === 'In');
}
