import { defineKind, type ObjectOf } from '../kind.ts';
import { bytes, string } from '../../schema/field.ts';

export const RangeAllocation = defineKind({
  group: '',
  version: 'v1',
  kind: 'RangeAllocation',
  plural: 'rangeallocations',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    range: string(2).required(),
    data: bytes(3).required(),
  },
});
export interface RangeAllocation extends ObjectOf<typeof RangeAllocation> {}
