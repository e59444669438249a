import { defineKind, type ObjectOf } from '../kind.ts';
import { required } from '../../schema/fault.ts';
import type { OwnerReference } from '../meta/object-meta.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { immutableFaults, nonNegativeFaults } from '../rules/faults.ts';
import { int64, rawExtension } from '../../schema/field.ts';

export const ControllerRevision = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: 'A stored state of a DaemonSet or StatefulSet to go back to.',
  fields: {
    data: rawExtension(2).doc('The state.'),
    revision: int64(3).present().doc('Number of the revision.'),
  },
  generation: false,
  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      doc: 'Whose revision it is.',
      value: ({ metadata }) => ownerCell(metadata.ownerReferences),
    },
    { name: 'Revision', type: 'string', doc: 'Its number.', value: ({ revision }) => revision },
    ageColumn,
  ],
  validate: ({ data, revision }) => [
    ...(data === undefined ? [required('data', 'data is mandatory')] : []),
    ...nonNegativeFaults('revision', revision),
  ],
  validateUpdate: ({ data }, old) => immutableFaults('data', data, old.data),
});
export interface ControllerRevision extends ObjectOf<typeof ControllerRevision> {}

/** `daemonset.apps/web`. */
function ownerCell(references: readonly OwnerReference[] | undefined): string {
  const owner = references?.find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind}${group}`.toLowerCase() + `/${owner.name}`;
}
