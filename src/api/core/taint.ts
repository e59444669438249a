import { int64, string, struct, time, type Infer } from '../../schema/field.ts';

export const Taint = struct('io.k8s.api.core.v1.Taint', '', {
  key: string(1).required(),
  value: string(2),
  effect: string(3).enum('NoSchedule', 'PreferNoSchedule', 'NoExecute').required(),
  timeAdded: time(4),
});
export interface Taint extends Infer<typeof Taint> {}

export const Toleration = struct('io.k8s.api.core.v1.Toleration', '', {
  key: string(1),
  operator: string(2).enum('Exists', 'Equal', 'Lt', 'Gt'),
  value: string(3),
  effect: string(4).enum('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  tolerationSeconds: int64(5),
});
export interface Toleration extends Infer<typeof Toleration> {}
