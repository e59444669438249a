import { string, struct, time, type Infer } from '../../schema/field.ts';

export const HorizontalPodAutoscalerCondition = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerCondition',
  '',
  {
    type: string(1).required(),
    status: string(2).required(),
    lastTransitionTime: time(3),
    reason: string(4),
    message: string(5),
  },
);
export interface HorizontalPodAutoscalerCondition extends Infer<typeof HorizontalPodAutoscalerCondition> {}
