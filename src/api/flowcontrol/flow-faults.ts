/** What is wrong with flow schemas and priority levels. Texts and paths are those of Kubernetes 1.35. */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label, checkDns1123Subdomain } from '../../schema/names.ts';
import { complaintFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type {
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from './flow-schema.ts';
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from './priority-level-configuration.ts';

export function flowSchemaFaults(name: string, spec: Loose<FlowSchemaSpec>): Fault[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method, priorityLevelConfiguration: level } = spec;
  return [
    ...precedenceFaults(precedence, name),
    ...(method === undefined || method.type === 'ByUser' || method.type === 'ByNamespace'
      ? []
      : [notSupported('spec.distinguisherMethod.type', method, ['ByNamespace', 'ByUser'])]),
    ...levelNameFaults(level?.name ?? '', 'spec.priorityLevelConfiguration.name'),
    ...(spec.rules ?? []).flatMap((rule, index) => rulesFaults(rule, `spec.rules[${index}]`)),
  ];
}

function precedenceFaults(precedence: number, name: string): Fault[] {
  const path = 'spec.matchingPrecedence';
  if (precedence <= 0) return [invalid(path, precedence, 'must be a positive value')];
  if (precedence > 10_000) return [invalid(path, precedence, 'must not be greater than 10000')];
  if (precedence > 1 || name === 'exempt') return [];
  return [invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")];
}

function levelNameFaults(name: string, path: string): Fault[] {
  return name === '' ? [required(path, 'must reference a priority level')] : subdomainFaults(path, name);
}

function rulesFaults(rule: Loose<PolicyRulesWithSubjects>, path: string): Fault[] {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  return [
    ...(subjects.length === 0 ? [required(`${path}.subjects`, 'subjects must contain at least one value')] : []),
    ...subjects.flatMap((each, index) => subjectFaults(each, `${path}.subjects[${index}]`)),
    ...(resourceRules.length + nonResourceRules.length === 0
      ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((each, index) => resourceFaults(each, `${path}.resourceRules[${index}]`)),
    ...nonResourceRules.flatMap((each, index) => nonResourceFaults(each, `${path}.nonResourceRules[${index}]`)),
  ];
}

/** Each kind of subject, and the field that holds it. */
const subjectFields = { ServiceAccount: 'serviceAccount', Group: 'group', User: 'user' } as const;

function subjectFaults(subject: Loose<Subject>, path: string): Fault[] {
  const { kind = '' } = subject;
  if (kind !== 'ServiceAccount' && kind !== 'Group' && kind !== 'User') {
    return [notSupported(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User'])];
  }
  const own = subjectFields[kind];
  const others = Object.entries(subjectFields).filter(
    ([other, field]) => other !== kind && subject[field] !== undefined,
  );
  return [
    ...(subject[own] === undefined
      ? [required(`${path}.${own}`, `${own} is required when subject kind is '${kind}'`)]
      : namedSubjectFaults(subject[own], kind, `${path}.${own}`)),
    ...others.map(([other, field]) =>
      forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`),
    ),
  ];
}

function namedSubjectFaults(subject: Loose<ServiceAccountSubject>, kind: string, path: string): Fault[] {
  const { name = '', namespace = '' } = subject;
  const missing = name === '' ? [required(`${path}.name`)] : [];
  if (kind !== 'ServiceAccount') return missing;
  return [
    ...missing,
    ...(name === '' || name === '*' ? [] : complaintFaults(`${path}.name`, name, checkDns1123Subdomain(name))),
    ...(namespace === ''
      ? [required(`${path}.namespace`, 'must specify namespace for service account')]
      : complaintFaults(`${path}.namespace`, namespace, checkDns1123Label(namespace))),
  ];
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

function verbFaults(given: readonly string[], path: string): Fault[] {
  if (given.length === 0) return [required(path, 'verbs must contain at least one value')];
  if (given.includes('*')) return alone(given, path, 'verbs');
  return given.every((verb) => verbs.includes(verb)) ? [] : [notSupported(path, given, verbs)];
}

function alone(given: readonly string[], path: string, what: string): Fault[] {
  if (given.length <= 1 || !given.includes('*')) return [];
  return [invalid(path, given, `if '*' is present, must not specify other ${what}`)];
}

function resourceFaults(rule: Loose<ResourcePolicyRule>, path: string): Fault[] {
  const { apiGroups = [], resources = [] } = rule;
  return [
    ...verbFaults(rule.verbs ?? [], `${path}.verbs`),
    ...(apiGroups.length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : alone(apiGroups, `${path}.apiGroups`, 'api groups')),
    ...(resources.length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : alone(resources, `${path}.resources`, 'resources')),
    ...namespaceFaults(rule, `${path}.namespaces`),
  ];
}

function namespaceFaults({ namespaces = [], clusterScope }: Loose<ResourcePolicyRule>, path: string): Fault[] {
  if (namespaces.length === 0 && clusterScope !== true) {
    return [required(path, 'resource rules that are not cluster scoped must supply at least one namespace')];
  }
  if (namespaces.includes('*')) return alone(namespaces, path, 'namespaces');
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  return namespaces.flatMap((name, index) =>
    checkDns1123Label(name).map((text) => invalid(`${path}[${index}]`, name, intro + text)),
  );
}

function nonResourceFaults(rule: Loose<NonResourcePolicyRule>, path: string): Fault[] {
  const { nonResourceURLs: urls = [] } = rule;
  const at = `${path}.nonResourceURLs`;
  return [
    ...verbFaults(rule.verbs ?? [], `${path}.verbs`),
    ...(urls.length === 0 ? [required(at, 'nonResourceURLs must contain at least one value')] : []),
    ...(urls.includes('*')
      ? alone(urls, at, 'non-resource URLs')
      : urls.flatMap((url, index) => urlFaults(url, `${at}[${index}]`))),
  ];
}

function urlFaults(url: string, path: string): Fault[] {
  const rules: readonly (readonly [boolean, string])[] = [
    [url === '', 'must not be empty'],
    [!url.startsWith('/'), 'must start with slash'],
    [url.includes(' '), 'must not contain white-space'],
    [url.includes('//'), 'must not contain double slash'],
    [/\*.*\*/.test(url) || (url.includes('*') && !url.endsWith('/*')), 'wildcard can only do suffix matching'],
  ];
  const broken = rules.find(([wrong]) => wrong);
  return broken === undefined ? [] : [invalid(path, url, broken[1])];
}

export function priorityLevelFaults(name: string, spec: Loose<PriorityLevelConfigurationSpec>): Fault[] {
  const { type = '', limited, exempt } = spec;
  return [
    ...((name === 'exempt') === (type === 'Exempt')
      ? []
      : [invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'")]),
    ...(type === 'Exempt' || type === 'Limited' ? [] : [notSupported('spec.type', type, ['Exempt', 'Limited'])]),
    ...(type === 'Exempt' && limited !== undefined
      ? [forbidden('spec.limited', 'must be nil if the type is not Limited')]
      : []),
    ...(type === 'Limited' && exempt !== undefined
      ? [forbidden('spec.exempt', 'must be nil if the type is Limited')]
      : []),
    ...(type === 'Limited' ? limitedFaults(limited, 'spec.limited') : []),
  ];
}

function limitedFaults(limited: Loose<LimitedPriorityLevelConfiguration> | undefined, path: string): Fault[] {
  if (limited === undefined) return [required(path, 'must not be empty when type is Limited')];
  const {
    nominalConcurrencyShares: shares = 0,
    lendablePercent: lend = 0,
    borrowingLimitPercent: borrow = 0,
  } = limited;
  return [
    ...(shares < 0 ? [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')] : []),
    ...(lend < 0 || lend > 100
      ? [invalid(`${path}.lendablePercent`, lend, 'must be between 0 and 100, inclusive')]
      : []),
    ...(borrow < 0
      ? [invalid(`${path}.borrowingLimitPercent`, borrow, 'if specified, must be a non-negative integer')]
      : []),
    ...responseFaults(limited.limitResponse ?? {}, `${path}.limitResponse`),
  ];
}

function responseFaults({ type = '', queuing }: Loose<LimitResponse>, path: string): Fault[] {
  if (type === 'Reject') {
    if (queuing === undefined) return [];
    return [forbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')];
  }
  if (type !== 'Queue') return [notSupported(`${path}.type`, type, ['Queue', 'Reject'])];
  if (queuing !== undefined) return queuingFaults(queuing, `${path}.queuing`);
  return [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')];
}

function queuingFaults(
  { queues = 0, handSize = 0, queueLengthLimit = 0 }: Loose<QueuingConfiguration>,
  path: string,
): Fault[] {
  const positive = 'must be positive';
  return [
    ...(queueLengthLimit <= 0 ? [invalid(`${path}.queueLengthLimit`, queueLengthLimit, positive)] : []),
    ...(queues <= 0 ? [invalid(`${path}.queues`, queues, positive)] : []),
    ...(queues > 10_000_000 ? [invalid(`${path}.queues`, queues, 'must not be greater than 10000000')] : []),
    ...handFaults(handSize, queues, `${path}.handSize`),
  ];
}

/** A hand is dealt from 60 bits of a hash. */
function handFaults(hand: number, queues: number, path: string): Fault[] {
  if (hand <= 0) return [invalid(path, hand, 'must be positive')];
  if (hand > queues) return [invalid(path, hand, `should not be greater than queues (${queues})`)];
  const bits = Array.from({ length: Math.min(hand, 64) }, (_, index) => Math.log2(queues - index));
  if (Math.ceil(bits.reduce((sum, each) => sum + each, 0)) <= 60) return [];
  return [
    invalid(
      path,
      hand,
      `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than 60`,
    ),
  ];
}
