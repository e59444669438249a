import { string, struct, type Infer } from '../../schema/field.ts';

export const Preconditions = struct('io.k8s.api.core.v1.Preconditions', '', {
  uid: string(1),
});
export interface Preconditions extends Infer<typeof Preconditions> {}
