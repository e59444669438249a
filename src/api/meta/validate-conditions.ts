/** Conditions of the common sort (metav1.Condition), where upstream checks them. */
import { duplicate, invalid, notSupported, required, tooLong, type Fault } from '../../schema/fault.ts';
import { regexComplaint } from '../../schema/names.ts';
import { labelNameFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { Condition } from './condition.ts';

const statuses = ['False', 'True', 'Unknown'];
const longestReason = 1024;
const longestMessage = 32 * 1024;
const reasonSource = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonShape = new RegExp(`^${reasonSource}$`, 'u');
const reasonComplaint = regexComplaint(
  'a condition reason must start with alphabetic character, ' +
    "optionally followed by a string of alphanumeric characters or '_,:', " +
    "and must end with an alphanumeric character or '_'",
  reasonSource,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

export function conditionFaults(conditions: readonly Loose<Condition>[] | undefined, path: string): Fault[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap((condition, index) => {
    const at = `${path}[${index}]`;
    const type = condition.type ?? '';
    const again = seen.has(type);
    seen.add(type);
    return [...(again ? [duplicate(`${at}.type`, type)] : []), ...oneFaults(condition, type, at)];
  });
}

function oneFaults(condition: Loose<Condition>, type: string, path: string): Fault[] {
  const { status = '', observedGeneration = 0, lastTransitionTime, message = '' } = condition;
  return [
    ...labelNameFaults(`${path}.type`, type),
    ...(statuses.includes(status) ? [] : [notSupported(`${path}.status`, status, statuses)]),
    ...(observedGeneration < 0
      ? [invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')]
      : []),
    ...((lastTransitionTime ?? undefined) === undefined ? [required(`${path}.lastTransitionTime`)] : []),
    ...reasonFaults(condition.reason ?? '', `${path}.reason`),
    ...(Buffer.byteLength(message) > longestMessage ? [tooLong(`${path}.message`, longestMessage)] : []),
  ];
}

function reasonFaults(reason: string, path: string): Fault[] {
  if (reason === '') return [required(path)];
  return [
    ...(reasonShape.test(reason) ? [] : [invalid(path, reason, reasonComplaint)]),
    ...(Buffer.byteLength(reason) > longestReason ? [tooLong(path, longestReason)] : []),
  ];
}
