/** What a check sees of a pod, and how it says who is at fault. */
import type { Pod } from '../../../api/core/pod.ts';

export type Spec = NonNullable<Pod['spec']>;
export type Container = Spec['containers'][number];

export interface Subject {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
  /** Init, ordinary and ephemeral ones. */
  readonly containers: readonly Container[];
}

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** undefined: nothing to object to. */
export type CheckPod = (subject: Subject) => Violation | undefined;

export interface Check {
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** By the first minor version in which the check reads so. */
  readonly since: readonly (readonly [minor: number, check: CheckPod])[];
  /** The baseline check that this stricter one takes the place of. */
  readonly replaces?: string;
}

export const quoteAll = (items: Iterable<string>): string => [...items].map((each) => `"${each}"`).join(', ');
export const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);
export const sortedSet = (items: Iterable<string>): readonly string[] => [...new Set(items)].toSorted();

/** `container "a"`, `containers "a", "b"`. */
export function containersText(containers: readonly { readonly name: string }[]): string {
  return `${plural(containers.length, 'container', 'containers')} ${quoteAll(containers.map(({ name }) => name))}`;
}

/** `pod and container "a"`; '' when nobody is at fault. */
export function settersText(pod: boolean, containers: readonly Container[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [containersText(containers)] : [])].join(' and ');
}

/** Windows has none of the fields that the check demands. */
export const unlessWindows =
  (check: CheckPod): CheckPod =>
  (subject) =>
    subject.spec.os?.name === 'windows' ? undefined : check(subject);

/** Root within a user namespace is nobody outside. */
export const unlessOwnUsers =
  (check: CheckPod): CheckPod =>
  (subject) =>
    subject.spec.hostUsers === false ? undefined : check(subject);
