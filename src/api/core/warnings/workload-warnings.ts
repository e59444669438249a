/** About what makes pods of a template. */
import type { Loose } from '../../rules/loose.ts';
import type { ObjectMeta } from '../../meta/object-meta.ts';
import { podTemplateWarnings, workloadNameWarnings, type PodLike } from './pod-warnings.ts';

interface Owner {
  readonly metadata?: Loose<ObjectMeta> | undefined;
}

interface Workload extends Owner {
  readonly spec?: { readonly template?: PodLike | undefined } | undefined;
}

/** Whether the object is new, or something else is wanted of it now; what has not changed is not warned of again. */
export function isRespecified(object: Owner, old: Owner | undefined): boolean {
  return old === undefined || object.metadata?.generation !== old.metadata?.generation;
}

/** About one whose pods have its name in theirs, and that name as their hostname. */
export function workloadWarnings(workload: Workload, old?: Owner): string[] {
  return [
    ...(old === undefined ? workloadNameWarnings(workload.metadata?.name) : []),
    ...templateWarnings(workload, old),
  ];
}

/** About the template only. */
export function templateWarnings(workload: Workload, old?: Owner): string[] {
  return isRespecified(workload, old) ? podTemplateWarnings('spec.template', workload.spec?.template) : [];
}
