/** Tests of the suite that are not run, and why. Pure. docs/decisions/upstream-suite.md tells more. */

import { leftOutBeyond } from './left-out-beyond.ts';

export interface LeftOut {
  readonly reason: string;
  /** Over a test's full name. */
  readonly pattern: RegExp;
}

/** Of the conformance tests, mostly. The first entry that matches counts; take it away as soon as its reason is gone. */
export const leftOut: readonly LeftOut[] = [
  {
    reason: 'Coracle does not call admission webhooks yet',
    pattern: /\] AdmissionWebhook /,
  },
  {
    reason: 'Coracle stores CustomResourceDefinitions and does not serve their objects yet',
    pattern: /\] CustomResource(?:Definition|ConversionWebhook|PublishOpenAPI)/,
  },
  {
    reason: 'Coracle does not pass requests on to extension API servers yet',
    pattern: /\] Aggregator /,
  },
  {
    reason: 'Kubernetes v1.35 fails it too: it waits for a Secret with a token per service account, gone since 1.24',
    pattern: /\] ServiceAccounts should (?:mount an API token into pods|allow opting out of API token automount) /,
  },
  {
    reason:
      "Kubernetes v1.35 fails it too: it compares a revision's bytes with a template that v1.20 writes with creationTimestamp: null",
    pattern: /\] Daemon set .* should (?:not )?update pod when spec was updated and update strategy is /,
  },
  {
    reason: "Kubernetes v1.35 fails it too: it changes an event's note, which events.k8s.io/v1 refuses since",
    pattern: /\] Events API should ensure that an event can be fetched, patched, deleted, and listed /,
  },
  {
    reason: 'it replaces a status without trying again when the kubelet was quicker, as later versions of it do',
    pattern: /\] Pods should run through the lifecycle of Pods and PodStatus /,
  },
];

export interface Sorted {
  readonly chosen: readonly string[];
  readonly left: readonly { readonly reason: string; readonly names: readonly string[] }[];
}

/** Tells tests that are run from those that are not; the latter by reason, in the table's order. */
export function sortOut(names: readonly string[], table: readonly LeftOut[] = [...leftOut, ...leftOutBeyond]): Sorted {
  const entryOf = (name: string): LeftOut | undefined => table.find(({ pattern }) => pattern.test(name));
  const byEntry = Map.groupBy(names, entryOf);
  return {
    chosen: byEntry.get(undefined) ?? [],
    left: table.flatMap((entry) => {
      const of = byEntry.get(entry);
      return of === undefined ? [] : [{ reason: entry.reason, names: of }];
    }),
  };
}
