/**
 * Which requests are told about in the audit log, and how much of them: the first rule that matches decides.
 *
 * Format: audit.k8s.io/v1 Policy. Matching: apiserver pkg/audit/policy/checker.go.
 */
import { isRecord } from '../../schema/freeze.ts';
import { parseYaml } from '../../schema/yaml.ts';
import type { UserInfo } from '../access.ts';
import type { RequestInfo } from '../http/request-info.ts';

const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type AuditLevel = (typeof levels)[number];

const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditStage = (typeof stages)[number];

interface Rule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

export type AuditPolicy = (user: UserInfo, info: RequestInfo) => AuditDecision;

/** The policy can't be used as it is; the message says why. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError';
}

/** Reads a policy in YAML or JSON. Throws AuditPolicyError. */
export async function readAuditPolicy(text: string): Promise<AuditPolicy> {
  const { value } = await parseYaml(text);
  if (!isRecord(value) || value['kind'] !== 'Policy' || value['apiVersion'] !== 'audit.k8s.io/v1') {
    throw new AuditPolicyError('it must be of kind Policy, apiVersion audit.k8s.io/v1');
  }
  const { rules, omitStages = [], omitManagedFields = false } = value as Partial<Record<string, unknown>>;
  checkFields(value, 'the policy', policyFields);
  if (!Array.isArray(rules) || rules.length === 0) throw new AuditPolicyError('rules: at least one is needed');
  rules.forEach(checkRule);
  checkStages(omitStages, 'omitStages');
  return policyFrom(rules as readonly Rule[], omitStages as readonly AuditStage[], omitManagedFields === true);
}

function checkRule(rule: unknown, index: number): void {
  const at = `rules[${index}]`;
  if (!isRecord(rule)) throw new AuditPolicyError(`${at}: must be an object`);
  checkFields(rule, at, ruleFields);
  const { level, omitStages = [], nonResourceURLs = [], resources = [], namespaces = [] } = rule;
  if (!levels.some((each) => each === level)) {
    throw new AuditPolicyError(`${at}.level: Unsupported value: ${JSON.stringify(level)}: one of ${levels.join(', ')}`);
  }
  checkStages(omitStages, `${at}.omitStages`);
  for (const list of [nonResourceURLs, resources, namespaces]) {
    if (!Array.isArray(list)) throw new AuditPolicyError(`${at}: resources, namespaces, nonResourceURLs are lists`);
  }
  (resources as unknown[]).forEach((each, place) => {
    if (!isRecord(each)) throw new AuditPolicyError(`${at}.resources[${place}]: must be an object`);
    checkFields(each, `${at}.resources[${place}]`, resourceFields);
  });
  const both =
    (nonResourceURLs as unknown[]).length > 0 && [resources, namespaces].some((each) => (each as unknown[]).length > 0);
  if (both)
    throw new AuditPolicyError(
      `${at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`,
    );
}

const policyFields = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const resourceFields = ['group', 'resources', 'resourceNames'];
const ruleFields = [
  'level',
  'users',
  'userGroups',
  'verbs',
  'resources',
  'namespaces',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
];

/** A rule whose condition is misspelt would hold for everything. */
function checkFields(value: object, at: string, known: readonly string[]): void {
  const odd = Object.keys(value).find((field) => !known.includes(field));
  if (odd !== undefined) throw new AuditPolicyError(`${at}: unknown field ${odd}; known are ${known.join(', ')}`);
}

function checkStages(value: unknown, at: string): void {
  if (Array.isArray(value) && value.every((each) => stages.includes(each as AuditStage))) return;
  throw new AuditPolicyError(`${at}: a list of ${stages.join(', ')}`);
}

function policyFrom(rules: readonly Rule[], omitStages: readonly AuditStage[], omitFields: boolean): AuditPolicy {
  const decided = rules.map((rule): readonly [Rule, AuditDecision] => [
    rule,
    {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitFields,
    },
  ]);
  const nothing: AuditDecision = { level: 'None', omitStages: new Set(), omitManagedFields: false };
  return (user, info) => decided.find(([rule]) => matches(rule, user, info))?.[1] ?? nothing;
}

const isAny = <T>(list: readonly T[] | undefined, test: (each: T) => boolean): boolean =>
  list === undefined || list.length === 0 || list.some(test);

function matches(rule: Rule, user: UserInfo, info: RequestInfo): boolean {
  return (
    isAny(rule.users, (each) => each === user.username) &&
    isAny(rule.userGroups, (each) => user.groups.includes(each)) &&
    isAny(rule.verbs, (each) => each === info.verb) &&
    matchesPlace(rule, info)
  );
}

function matchesPlace({ namespaces = [], resources = [], nonResourceURLs = [] }: Rule, info: RequestInfo): boolean {
  if (namespaces.length > 0 || resources.length > 0) {
    const { resource } = info;
    return (
      resource !== undefined &&
      isAny(namespaces, (each) => each === resource.namespace) &&
      isAny(resources, (each) => matchesResource(each, resource))
    );
  }
  if (nonResourceURLs.length === 0) return true;
  return info.resource === undefined && nonResourceURLs.some((pattern) => matchesPath(pattern, info.path));
}

function matchesResource(
  { group = '', resources, resourceNames }: GroupResources,
  asked: NonNullable<RequestInfo['resource']>,
): boolean {
  if (group !== asked.group) return false;
  const { resource, subresource, name } = asked;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    isAny(resourceNames, (each) => each === name) &&
    isAny(
      resources,
      (each) =>
        each === '*' ||
        each === whole ||
        (subresource !== '' && each === `*/${subresource}`) ||
        each === `${resource}/*`,
    )
  );
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
