import { int64, string, struct, time, type Infer } from '../../schema/field.ts';

export const Taint = struct('io.k8s.api.core.v1.Taint', '', {
  key: string(1).present(),
  value: string(2),
  effect: string(3).known<'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'>().present(),
  timeAdded: time(4),
});
export interface Taint extends Infer<typeof Taint> {}

export const Toleration = struct('io.k8s.api.core.v1.Toleration', '', {
  key: string(1),
  operator: string(2).enum('Equal', 'Exists'),
  value: string(3),
  effect: string(4).enum('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
  tolerationSeconds: int64(5).pointer(),
});
export interface Toleration extends Infer<typeof Toleration> {}
