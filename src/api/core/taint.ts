import { int64, string, struct, time, type Infer } from '../../schema/field.ts';

export const Taint = struct('io.k8s.api.core.v1.Taint', 'Keeps pods away from a node unless they tolerate it.', {
  key: string(1).present().doc('Name of the taint.'),
  value: string(2).doc('Text that tolerations can compare with.'),
  effect: string(3)
    .known<'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'>()
    .present()
    .doc('`NoSchedule`, `PreferNoSchedule` or `NoExecute`.'),
  timeAdded: time(4).doc('When it was put on the node.'),
});
export interface Taint extends Infer<typeof Taint> {}

export const Toleration = struct('io.k8s.api.core.v1.Toleration', 'Taints that a pod puts up with.', {
  key: string(1).doc('Name of the taint; empty for every taint.'),
  operator: string(2).enum('Equal', 'Exists').doc('`Equal` or `Exists`.'),
  value: string(3).doc('Value of the taint, for `Equal`.'),
  effect: string(4)
    .enum('NoSchedule', 'PreferNoSchedule', 'NoExecute')
    .doc('Effect of the taint; empty for every effect.'),
  tolerationSeconds: int64(5)
    .pointer()
    .doc('How long a taint that would evict the pod is put up with; for ever when left out.'),
});
export interface Toleration extends Infer<typeof Toleration> {}
