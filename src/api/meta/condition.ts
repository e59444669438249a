import { int64, string, struct, time, type Infer } from '../../schema/field.ts';

export const Condition = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Condition',
  'One statement about the state of an object.',
  {
    type: string(1).required().doc('What the statement is about.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    observedGeneration: int64(3).doc('The generation of the object that this status is about.'),
    lastTransitionTime: time(4).required().doc('When the status of this condition changed last.'),
    reason: string(5).required().doc('One word in camel case for programs that says why.'),
    message: string(6).required().doc('Explanation for a human reader.'),
  },
);
export interface Condition extends Infer<typeof Condition> {}
