/**
 * Deployments and their kin before apps/v1. The two oldest versions take the selector from the template's
 * labels and have defaults of their own; apps/v1beta2 is apps/v1 under another name.
 */
import { int64, of, struct, type Fields, type Struct } from '../../schema/field.ts';
import { ControllerRevision } from '../apps/controller-revision.ts';
import { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from '../apps/daemon-set.ts';
import { Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment } from '../apps/deployment.ts';
import { ReplicaSet, ReplicaSetSpec } from '../apps/replica-set.ts';
import { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from '../apps/stateful-set.ts';
import type { Kind } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { fillAbsent, fillEmpty } from '../rules/draft.ts';
import { recordAt, retire, vary, type Json } from './retire.ts';

type Draft = Record<string, unknown>;

const extensions = { group: 'extensions', version: 'v1beta1', package: 'io.k8s.api.extensions.v1beta1' };
const appsBeta1 = { group: 'apps', version: 'v1beta1', package: 'io.k8s.api.apps.v1beta1' };
const appsBeta2 = { group: 'apps', version: 'v1beta2', package: 'io.k8s.api.apps.v1beta2' };
const unlimited = 2 ** 31 - 1;

/** The object's labels and its selector are the template's, if it has none. */
function fillFromTemplate(draft: Draft): Draft {
  const spec = (draft['spec'] ??= {}) as Draft;
  const labels = recordAt(spec, 'template', 'metadata', 'labels');
  if (labels === undefined) return spec;
  fillAbsent(spec, 'selector', { matchLabels: { ...labels } });
  const metadata = (draft['metadata'] ??= {}) as Draft;
  if (Object.keys(metadata['labels'] ?? {}).length === 0) metadata['labels'] = { ...labels };
  return spec;
}

/** Fills `field.rollingUpdate` where the strategy rolls. */
function fillRolling(spec: Draft, field: string, type: string, rolling: Json): void {
  const strategy = (spec[field] ??= {}) as Draft;
  fillEmpty(strategy, 'type', type);
  if (strategy['type'] !== 'RollingUpdate') return;
  const update = (strategy['rollingUpdate'] ??= {}) as Draft;
  for (const [key, value] of Object.entries(rolling)) fillAbsent(update, key, value);
}

const RollbackConfig = struct('io.k8s.api.extensions.v1beta1.RollbackConfig', 'Where to roll back to.', {
  revision: int64(1).doc('The revision; 0 is the one before.'),
});

/** A field that today's version lacks is kept in an annotation, as upstream did. */
function keepInAnnotation(
  key: string,
  field: string,
  numberOf: (value: unknown) => unknown,
): Pick<Parameters<typeof retire>[1], 'toStorage'> {
  return {
    toStorage(object) {
      const { [field]: value, ...spec } = (object['spec'] ?? {}) as Json;
      if (value === undefined) return { ...object, spec };
      const metadata = (object['metadata'] ?? {}) as Json;
      const annotations = { ...(metadata['annotations'] as Json | undefined), [key]: String(numberOf(value)) };
      return { ...object, metadata: { ...metadata, annotations }, spec };
    },
  };
}

function restoreFromAnnotation(
  key: string,
  field: string,
  valueOf: (number: number) => unknown,
): Pick<Parameters<typeof retire>[1], 'fromStorage'> {
  return {
    fromStorage(object) {
      const metadata = (object['metadata'] ?? {}) as Json;
      const { [key]: kept, ...annotations } = (metadata['annotations'] ?? {}) as Json;
      const number = Number(kept);
      if (kept === undefined || !Number.isSafeInteger(number)) return { ...object };
      const { annotations: _annotations, ...others } = metadata;
      return {
        ...object,
        metadata: { ...others, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
        spec: { ...(object['spec'] as Json | undefined), [field]: valueOf(number) },
      };
    },
  };
}

const rollbackKey = 'deprecated.deployment.rollback.to';
const rollback = {
  ...keepInAnnotation(rollbackKey, 'rollbackTo', (value) => (value as Json)['revision'] ?? 0),
  ...restoreFromAnnotation(rollbackKey, 'rollbackTo', (revision) => ({ revision })),
};

const generationKey = 'deprecated.daemonset.template.generation';
const templateGeneration = {
  ...keepInAnnotation(generationKey, 'templateGeneration', (value) => value),
  ...restoreFromAnnotation(generationKey, 'templateGeneration', (generation) => generation),
};

const optionalSelector = (number: number): Fields => ({
  selector: of(number, LabelSelector).doc("Which pods belong to it; the template's labels when left out."),
});

/** The spec of a stored kind without its defaults, as the old versions have others. */
function oldSpec(base: Struct, pkg: string, name: string, fields: Fields): Fields {
  const spec = vary(base, `${pkg}.${name}`, { bare: true, fields });
  return { spec: of(2, spec).always().doc('What is wanted.') };
}

function deploymentFields(pkg: string): Fields {
  const rolling = vary(RollingUpdateDeployment, `${pkg}.RollingUpdateDeployment`, { bare: true });
  const strategy = vary(DeploymentStrategy, `${pkg}.DeploymentStrategy`, {
    bare: true,
    fields: { rollingUpdate: of(2, rolling).doc('How far a rolling update may go at a time.') },
  });
  return oldSpec(DeploymentSpec, pkg, 'DeploymentSpec', {
    ...optionalSelector(2),
    strategy: of(4, strategy).retainKeys().always().doc('How pods are replaced by new ones.'),
    rollbackTo: of(8, RollbackConfig).doc('Where to roll back to; done once, and then gone.'),
  });
}

export const ExtensionsDeployment: Kind = retire(Deployment, {
  ...extensions,
  ...rollback,
  deprecated: 8,
  removed: 16,
  fields: deploymentFields(extensions.package),
  defaults(draft) {
    const spec = fillFromTemplate(draft);
    fillAbsent(spec, 'replicas', 1);
    fillRolling(spec, 'strategy', 'RollingUpdate', { maxUnavailable: 1, maxSurge: 1 });
    fillAbsent(spec, 'progressDeadlineSeconds', unlimited);
    fillAbsent(spec, 'revisionHistoryLimit', unlimited);
  },
});

export const DeploymentV1beta1: Kind = retire(Deployment, {
  ...appsBeta1,
  ...rollback,
  deprecated: 8,
  removed: 16,
  fields: deploymentFields(appsBeta1.package),
  defaults(draft) {
    const spec = fillFromTemplate(draft);
    fillAbsent(spec, 'replicas', 1);
    fillRolling(spec, 'strategy', 'RollingUpdate', { maxUnavailable: '25%', maxSurge: '25%' });
    fillAbsent(spec, 'progressDeadlineSeconds', 600);
    fillAbsent(spec, 'revisionHistoryLimit', 2);
  },
});

function daemonSetFields(pkg: string): Fields {
  const rolling = vary(RollingUpdateDaemonSet, `${pkg}.RollingUpdateDaemonSet`, { bare: true });
  const strategy = vary(DaemonSetUpdateStrategy, `${pkg}.DaemonSetUpdateStrategy`, {
    bare: true,
    fields: { rollingUpdate: of(2, rolling).doc('How far a rolling update may go at a time.') },
  });
  return oldSpec(DaemonSetSpec, pkg, 'DaemonSetSpec', {
    ...optionalSelector(1),
    updateStrategy: of(3, strategy).always().doc('How pods are replaced by new ones.'),
    templateGeneration: int64(5).doc('Counts changes of the template.'),
  });
}

export const ExtensionsDaemonSet: Kind = retire(DaemonSet, {
  ...extensions,
  ...templateGeneration,
  deprecated: 8,
  removed: 16,
  fields: daemonSetFields(extensions.package),
  defaults(draft) {
    const spec = fillFromTemplate(draft);
    fillRolling(spec, 'updateStrategy', 'OnDelete', { maxUnavailable: 1 });
    fillAbsent(spec, 'revisionHistoryLimit', 10);
  },
});

export const ExtensionsReplicaSet: Kind = retire(ReplicaSet, {
  ...extensions,
  deprecated: 8,
  removed: 16,
  fields: oldSpec(ReplicaSetSpec, extensions.package, 'ReplicaSetSpec', optionalSelector(2)),
  defaults(draft) {
    fillAbsent(fillFromTemplate(draft), 'replicas', 1);
  },
});

function statefulSetFields(pkg: string): Fields {
  const strategy = vary(StatefulSetUpdateStrategy, `${pkg}.StatefulSetUpdateStrategy`, { bare: true });
  return oldSpec(StatefulSetSpec, pkg, 'StatefulSetSpec', {
    ...optionalSelector(2),
    updateStrategy: of(7, strategy).always().doc('How pods are replaced by new ones.'),
  });
}

export const StatefulSetV1beta1: Kind = retire(StatefulSet, {
  ...appsBeta1,
  deprecated: 8,
  removed: 16,
  fields: statefulSetFields(appsBeta1.package),
  defaults(draft) {
    const spec = fillFromTemplate(draft);
    fillEmpty(spec, 'podManagementPolicy', 'OrderedReady');
    fillEmpty((spec['updateStrategy'] ??= {}) as Draft, 'type', 'OnDelete');
    fillAbsent(spec, 'replicas', 1);
    fillAbsent(spec, 'revisionHistoryLimit', 10);
  },
});

export const ControllerRevisionV1beta1: Kind = retire(ControllerRevision, { ...appsBeta1, deprecated: 8, removed: 16 });

/** apps/v1beta2: the same as apps/v1, defaults included. */
export const appsV1beta2: readonly Kind[] = [ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet].map(
  (kind: Kind) => retire(kind, { ...appsBeta2, deprecated: 9, removed: 16 }),
);
