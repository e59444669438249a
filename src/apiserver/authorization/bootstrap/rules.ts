/** Rules in short: `can('get list', 'apps', 'deployments deployments/scale')`; `core` is the group without a name. */
import type { Rule } from '../rules.ts';

const words = (text: string): string[] => text.split(' ').sort();

export function can(verbs: string, groups: string, resources: string, names?: string): Rule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((group) => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(names === undefined ? {} : { resourceNames: words(names) }),
  };
}

export function canVisit(verbs: string, paths: string): Rule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

export const read = 'get list watch';
export const write = 'create update patch delete deletecollection';
export const readWrite = `${read} ${write}`;
export const events = can('create update patch', 'core events.k8s.io', 'events');
