import { defineKind, type ObjectOf } from '../kind.ts';
import { int64, rawExtension } from '../../schema/field.ts';

export const ControllerRevision = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: '',
  fields: {
    data: rawExtension(2),
    revision: int64(3).required(),
  },
});
export interface ControllerRevision extends ObjectOf<typeof ControllerRevision> {}
