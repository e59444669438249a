/** How far an autoscaler goes at once: stabilisation, pace and bounds; pure. */
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  HPAScalingRules,
} from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import { timestamp } from '../../base/clock.ts';

/** What is remembered between rounds. Milliseconds since the epoch. */
export interface History {
  readonly advice: readonly { readonly at: number; readonly replicas: number }[];
  readonly changes: readonly { readonly at: number; readonly by: number }[];
}

export const noHistory: History = { advice: [], changes: [] };

const longestMemory = 3_600_000;
const downWindow = 300;
const paces = {
  up: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
  down: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
} as const;

/** How far it goes up at once where no behaviour is given at all. */
const unruled = { factor: 2, least: 4 };

export interface Advice {
  readonly replicas: number;
  readonly conditions: readonly Statement[];
  readonly history: History;
}

export interface Statement {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export function advise(
  hpa: HorizontalPodAutoscaler,
  current: number,
  wanted: number,
  history: History,
  now: number,
): Advice {
  const { behavior, minReplicas = 1, maxReplicas = 1 } = hpa.spec ?? {};
  const kept = history.advice.filter(({ at }) => at > now - longestMemory);
  const advice = [...kept, { at: now, replicas: wanted }];
  const recent = (rules: HPAScalingRules | undefined, otherwise: number): readonly number[] =>
    advice
      .filter(({ at }) => at > now - (rules?.stabilizationWindowSeconds ?? otherwise) * 1000)
      .map(({ replicas }) => replicas);
  const lowest = Math.min(...recent(behavior?.scaleUp, 0), wanted);
  const highest = Math.max(...recent(behavior?.scaleDown, downWindow), wanted);
  // Without a behaviour recent advice holds even where somebody has set less since, as upstream.
  const steady = behavior === undefined ? highest : Math.max(Math.min(current, highest), lowest);
  const next = { advice, changes: history.changes.filter(({ at }) => at > now - longestMemory) };
  const limited = limit(steady, current, minReplicas, maxReplicas, behavior, next.changes, now);
  return { replicas: limited.replicas, conditions: [stability(wanted, steady), limited.statement], history: next };
}

function stability(wanted: number, steady: number): Statement {
  const say = (reason: string, message: string): Statement => ({
    type: 'AbleToScale',
    status: 'True',
    reason,
    message,
  });
  if (wanted < steady) {
    return say(
      'ScaleDownStabilized',
      'recent recommendations were higher than current one, applying the highest recent recommendation',
    );
  }
  if (wanted > steady) {
    return say(
      'ScaleUpStabilized',
      'recent recommendations were lower than current one, applying the lowest recent recommendation',
    );
  }
  return say('ReadyForNewScale', 'recommended size matches current size');
}

interface Limited {
  readonly replicas: number;
  readonly statement: Statement;
}

function limit(
  steady: number,
  current: number,
  least: number,
  most: number,
  behavior: { readonly scaleUp?: HPAScalingRules; readonly scaleDown?: HPAScalingRules } | undefined,
  changes: History['changes'],
  now: number,
): Limited {
  const say = (replicas: number, reason: string, message: string): Limited => ({
    replicas,
    statement: { type: 'ScalingLimited', status: reason === 'DesiredWithinRange' ? 'False' : 'True', reason, message },
  });
  if (steady > current) {
    const pace =
      behavior === undefined
        ? Math.max(unruled.factor * current, unruled.least)
        : Math.max(current, paceOf('up', behavior.scaleUp, current, changes, now));
    if (steady > Math.min(pace, most)) {
      return most <= pace
        ? say(most, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count')
        : say(pace, 'ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate');
    }
  } else if (steady < current) {
    const pace = Math.min(current, paceOf('down', behavior?.scaleDown, current, changes, now));
    if (steady < Math.max(pace, least)) {
      return least >= pace
        ? say(least, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count')
        : say(pace, 'ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate');
    }
  }
  if (steady > most)
    return say(most, 'TooManyReplicas', 'the desired replica count is more than the maximum replica count');
  if (steady < least)
    return say(least, 'TooFewReplicas', 'the desired replica count is less than the minimum replica count');
  return say(steady, 'DesiredWithinRange', 'the desired count is within the acceptable range');
}

/** How far the policies let it go, counting what was changed within their periods. */
function paceOf(
  direction: 'up' | 'down',
  rules: HPAScalingRules | undefined,
  current: number,
  changes: History['changes'],
  now: number,
): number {
  const { selectPolicy = 'Max', policies = paces[direction] } = rules ?? {};
  if (selectPolicy === 'Disabled') return current;
  const up = direction === 'up';
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const since = now - periodSeconds * 1000;
    // Up and down: what was taken away may come back.
    const before = current - changes.filter(({ at }) => at > since).reduce((sum, { by }) => sum + by, 0);
    if (type === 'Pods') return up ? before + value : before - value;
    return up ? Math.ceil(before * (1 + value / 100)) : Math.floor(before * (1 - value / 100));
  });
  const farthest = up ? Math.max(...limits) : Math.min(...limits);
  const nearest = up ? Math.min(...limits) : Math.max(...limits);
  return selectPolicy === 'Min' ? nearest : farthest;
}

type Conditions = NonNullable<HorizontalPodAutoscalerStatus['conditions']>;

export function withStatements(conditions: Conditions = [], statements: readonly Statement[], now: number): Conditions {
  return statements.reduce((all: Conditions, said) => {
    const present = all.find(({ type }) => type === said.type);
    const lastTransitionTime =
      present?.status === said.status ? (present.lastTransitionTime ?? timestamp(now)) : timestamp(now);
    const next = { ...said, lastTransitionTime };
    return present === undefined ? [...all, next] : all.map((each) => (each === present ? next : each));
  }, conditions);
}
