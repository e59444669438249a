/** Runs the admission plugins of a write, all mutating ones before validation, all validating ones after it. */
import type { KubernetesObject } from '../../api/kind.ts';
import type { AdmissionRequest, Operation } from '../access.ts';
import { optionsOf, type Registry, type Target, type WriteContext } from './context.ts';
import { withRevision, type DraftObject, type Snapshot } from './snapshot.ts';

export interface Admission {
  admit(): Promise<void>;
  validate(): Promise<void>;
}

export const noAdmission: Admission = { admit: async () => {}, validate: async () => {} };

export interface AdmissionInput {
  readonly operation: Operation;
  readonly target: Target;
  readonly draft?: DraftObject | undefined;
  readonly old?: Snapshot | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
}

export function admissionOf(registry: Registry, context: WriteContext, input: AdmissionInput): Admission {
  const { operation, target, draft, old } = input;
  const { resource, namespace, subresource } = target;
  const kind = resource.storage;
  const plugins = registry.admission.filter((plugin) => plugin.handles({ operation, kind, subresource }));
  if (plugins.length === 0) return noAdmission;
  const request: AdmissionRequest = {
    operation,
    kind,
    subresource,
    namespace,
    name: target.name,
    user: context.user,
    dryRun: context.dryRun,
    ...(draft === undefined ? {} : { object: draft }),
    ...(old === undefined ? {} : { old: objectOf(old) }),
    options: input.options ?? optionsOf(context),
    warn: (text) => context.warn(text),
    annotate: (key, value) => context.annotate?.(key, value),
  };
  return {
    async admit() {
      for (const plugin of plugins) await plugin.admit?.(request);
    },
    async validate() {
      for (const plugin of plugins) await plugin.validate?.(request);
    },
  };
}

function objectOf(snapshot: Snapshot): KubernetesObject {
  return withRevision(snapshot.value, snapshot.revision);
}
