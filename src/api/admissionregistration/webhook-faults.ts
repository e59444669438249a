/** What is wrong with admission webhooks and their rules. Texts and paths are those of Kubernetes 1.35. */
import { duplicate, invalid, notSupported, required, tooMany, type Fault } from '../../schema/fault.ts';
import { checkDns1035Label, checkDns1123Subdomain } from '../../schema/names.ts';
import { sameMeaning } from '../rules/equal.ts';
import { complaintFaults, labelNameFaults } from '../rules/faults.ts';
import { labelSelectorFaults, type LabelSelectorOptions } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import { webhookClientFaults } from '../rules/webhook-client.ts';
import type { MatchCondition, RuleWithOperations } from './rule.ts';
import type { ValidatingWebhook } from './validating-webhook-configuration.ts';

type LooseWebhook = Loose<ValidatingWebhook>;

const noSideEffects = ['None', 'NoneOnDryRun'];
const allSideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const reviewVersions = ['v1', 'v1beta1'];

/** What an update may keep, since it is stored already. */
interface Tolerance {
  readonly sideEffects: readonly string[];
  readonly unknownVersions: boolean;
  readonly sameNames: boolean;
  readonly selectors: LabelSelectorOptions;
}

export function webhookFaults(webhooks: readonly LooseWebhook[] = [], old?: readonly LooseWebhook[]): Fault[] {
  const tolerance = toleranceOf(old ?? []);
  return webhooks.flatMap((each, index) => {
    const path = `webhooks[${index}]`;
    const repeated = webhooks.slice(0, index).some(({ name }) => name === each.name);
    return [
      ...oneWebhookFaults(each, path, tolerance),
      ...conditionFaultsUnlessKept(each, old?.[index], `${path}.matchConditions`),
      ...(repeated && !tolerance.sameNames ? [duplicate(`${path}.name`, each.name)] : []),
    ];
  });
}

function toleranceOf(old: readonly LooseWebhook[]): Tolerance {
  const names = old.map(({ name }) => name);
  return {
    sideEffects: old.every(({ sideEffects = '' }) => noSideEffects.includes(sideEffects))
      ? noSideEffects
      : allSideEffects,
    unknownVersions: old.some(
      ({ admissionReviewVersions: versions = [] }) =>
        versions.length > 0 && !versions.some((each) => reviewVersions.includes(each)),
    ),
    sameNames: new Set(names).size < names.length,
    selectors: {
      allowInvalidValues: old.some(
        (each) =>
          labelSelectorFaults(each.namespaceSelector, '').length + labelSelectorFaults(each.objectSelector, '').length >
          0,
      ),
    },
  };
}

function oneWebhookFaults(webhook: LooseWebhook, path: string, tolerance: Tolerance): Fault[] {
  const { rules = [], timeoutSeconds: timeout } = webhook;
  return [
    ...fullNameFaults(webhook.name ?? '', `${path}.name`),
    ...rules.flatMap((rule, index) => ruleFaults(rule, `${path}.rules[${index}]`)),
    ...sideEffectFaults(webhook.sideEffects, `${path}.sideEffects`, tolerance.sideEffects),
    ...(timeout !== undefined && (timeout < 1 || timeout > 30)
      ? [invalid(`${path}.timeoutSeconds`, timeout, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...labelSelectorFaults(webhook.namespaceSelector, `${path}.namespaceSelector`, tolerance.selectors),
    ...labelSelectorFaults(webhook.objectSelector, `${path}.objectSelector`, tolerance.selectors),
    ...webhookClientFaults(webhook.clientConfig ?? {}, `${path}.clientConfig`),
    ...versionFaults(webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`, tolerance),
  ];
}

function fullNameFaults(name: string, path: string): Fault[] {
  if (name === '') return [required(path)];
  const complaints = checkDns1123Subdomain(name);
  if (complaints.length > 0) return [invalid(path, name, complaints.join(','))];
  if (name.split('.').length >= 3) return [];
  return [invalid(path, name, 'should be a domain with at least three segments separated by dots')];
}

function sideEffectFaults(value: string | undefined, path: string, allowed: readonly string[]): Fault[] {
  if (value === undefined) return [required(path, `must specify one of ${allowed.join(', ')}`)];
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)];
}

function versionFaults(versions: readonly string[], path: string, tolerance: Tolerance): Fault[] {
  if (versions.length === 0) return [required(path, `must specify one of ${reviewVersions.join(', ')}`)];
  return [
    ...versions.flatMap((version, index) =>
      versions.indexOf(version) < index
        ? [invalid(`${path}[${index}]`, version, 'duplicate version')]
        : complaintFaults(`${path}[${index}]`, version, checkDns1035Label(version)),
    ),
    ...(tolerance.unknownVersions || versions.some((version) => reviewVersions.includes(version))
      ? []
      : [invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`)]),
  ];
}

export function ruleFaults(rule: Loose<RuleWithOperations>, path: string): Fault[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [] } = rule;
  return [
    ...wildcardFaults(operations, `${path}.operations`, 'operations'),
    ...wildcardFaults(apiGroups, `${path}.apiGroups`, 'API groups'),
    ...wildcardFaults(apiVersions, `${path}.apiVersions`, 'API versions'),
    ...apiVersions.flatMap((each, index) => (each === '' ? [required(`${path}.apiVersions[${index}]`)] : [])),
    ...resourceFaults(resources, `${path}.resources`),
  ];
}

function wildcardFaults(values: readonly string[], path: string, what: string): Fault[] {
  if (values.length === 0) return [required(path)];
  if (values.length === 1 || !values.includes('*')) return [];
  return [invalid(path, values, `if '*' is present, must not specify other ${what}`)];
}

function resourceFaults(resources: readonly string[], path: string): Fault[] {
  if (resources.length === 0) return [required(path)];
  const plain = resources.filter((each) => each !== '*' && each !== '' && !each.includes('/'));
  return [
    ...resources.flatMap((each, index) => coveredFaults(each, resources.slice(0, index), `${path}[${index}]`)),
    ...(resources.length > 1 && resources.includes('*/*')
      ? [invalid(path, resources, "if '*/*' is present, must not specify other resources")]
      : []),
    ...(resources.includes('*') && plain.length > 0
      ? [invalid(path, resources, "if '*' is present, must not specify other resources without subresources")]
      : []),
  ];
}

/** `pods/log` after `pods/*` says nothing new. */
function coveredFaults(each: string, earlier: readonly string[], path: string): Fault[] {
  if (each === '') return [required(path)];
  const slash = each.indexOf('/');
  if (slash < 0) return [];
  const covering = [`${each.slice(0, slash)}/*`, `*/${each.slice(slash + 1)}`];
  return covering
    .filter((wide) => earlier.includes(wide))
    .map((wide) => invalid(path, each, `if '${wide}' is present, must not specify ${each}`));
}

/** Conditions that an update leaves alone are not checked again. */
function conditionFaultsUnlessKept(webhook: LooseWebhook, old: LooseWebhook | undefined, path: string): Fault[] {
  if (old !== undefined && sameMeaning(webhook.matchConditions, old.matchConditions)) return [];
  return matchConditionFaults(webhook.matchConditions, path);
}

export function matchConditionFaults(conditions: readonly Loose<MatchCondition>[] = [], path: string): Fault[] {
  return [
    ...(conditions.length > 64 ? [tooMany(path, conditions.length, 64)] : []),
    ...conditions.flatMap(({ name = '', expression = '' }, index) => {
      const repeated = conditions.slice(0, index).some((earlier) => earlier.name === name);
      return [
        ...(expression.trim() === '' ? [required(`${path}[${index}].expression`)] : []),
        ...(name === '' ? [required(`${path}[${index}].name`)] : labelNameFaults(`${path}[${index}].name`, name)),
        ...(repeated && name !== '' ? [duplicate(`${path}[${index}].name`, name)] : []),
      ];
    }),
  ];
}
