/** HorizontalPodAutoscalers: every quarter of a minute, reads the scale and the metrics, and applies plan.ts. */
import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type MetricStatus,
} from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Kind } from '../../api/kind.ts';
import { timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { Controller, watching, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { milliValue } from '../../schema/quantity.ts';
import type { Dependencies } from '../dependencies.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import { MetricError } from './metrics-client.ts';
import { failureOf, proposalFor, type Proposal, type Situation } from './metrics.ts';
import { advise, noHistory, withStatements, type History, type Statement } from './plan.ts';
import { TargetError, Targets } from './targets.ts';

const period = 15_000;
const defaultTolerance = 0.1;

export function horizontalPodAutoscalerController(
  deps: Dependencies,
  events: Events,
  kinds: () => readonly Kind[],
): Controller {
  return new Autoscaler(deps, events, kinds).controller();
}

interface Scale {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

interface Outcome {
  readonly desired: number;
  readonly statements: readonly Statement[];
  /** As they were when left out. */
  readonly metrics?: readonly MetricStatus[];
  readonly history?: History;
  /** Why the number changes. */
  readonly why?: string;
}

interface Proposals {
  readonly proposals: readonly Proposal[];
  /** The first of so many. */
  readonly failure?: { readonly error: MetricError; readonly sentence: string; readonly count: number };
}

/** What the metrics ask for is not known well enough. */
class ProposalsError extends Error {
  override readonly name = 'ProposalsError';
  readonly condition: { readonly reason: string; readonly message: string };

  constructor(
    { error, sentence = 'no metrics', count = 0 }: Partial<NonNullable<Proposals['failure']>> = {},
    all: number,
  ) {
    super(`invalid metrics (${count} invalid out of ${all}), first error is: ${sentence}`);
    this.condition = {
      reason: error?.reason ?? 'FailedGetResourceMetric',
      message: `the HPA was unable to compute the replica count: ${error?.message ?? sentence}`,
    };
  }
}

class Autoscaler {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #kinds: () => readonly Kind[];
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #histories = new Map<string, History>();
  readonly #targets = new Targets();

  constructor(deps: Dependencies, events: Events, kinds: () => readonly Kind[]) {
    this.#deps = deps;
    this.#events = events;
    this.#kinds = kinds;
    this.#autoscalers = deps.informers.of(HorizontalPodAutoscaler);
    this.#pods = deps.informers.of(Pod);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'horizontalpodautoscaling',
        sources: [
          watching(this.#autoscalers, ({ object, old }) =>
            old !== undefined && deepEqual(old.spec, object.spec) ? [] : [keyOf(object)],
          ),
          watching(this.#pods, () => []),
        ],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const hpa = this.#autoscalers.get(refOf(key));
    if (hpa === undefined) {
      this.#histories.delete(key);
      this.#targets.forget(key);
      return {};
    }
    const path = this.#scalePath(hpa);
    const scale = await this.#readScale(hpa, path);
    if (scale === undefined) return { after: period };
    const current = scale.spec?.replicas ?? 0;
    const outcome = await this.#decide(key, hpa, scale, current);
    note(outcome);
    if (outcome === undefined) return { after: period };
    const rescaled = outcome.desired === current ? [] : await this.#rescale(key, hpa, path, scale, outcome);
    const reported = await this.#report(
      hpa,
      scale,
      { ...outcome, statements: [...outcome.statements, ...rescaled] },
      rescaled.length > 0,
    );
    return soonest({ after: period }, reported);
  }

  #scalePath(hpa: HorizontalPodAutoscaler): string {
    const { apiVersion = '', kind: name = '', name: target = '' } = hpa.spec?.scaleTargetRef ?? {};
    const kind = this.#kinds().find((each) => each.apiVersion === apiVersion && each.kind === name);
    if (kind === undefined) return '';
    const root = kind.group === '' ? `/api/${kind.apiVersion}` : `/apis/${kind.apiVersion}`;
    return `${root}/namespaces/${hpa.metadata.namespace}/${kind.plural}/${encodeURIComponent(target)}/scale`;
  }

  async #readScale(hpa: HorizontalPodAutoscaler, path: string): Promise<Scale | undefined> {
    try {
      if (path === '') throw new Error(`no matches for kind ${JSON.stringify(hpa.spec?.scaleTargetRef.kind)}`);
      return await this.#request('GET', path);
    } catch (error) {
      const message = messageOf(error);
      this.#events.warning(HorizontalPodAutoscaler, hpa, 'FailedGetScale', message);
      const statement = {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${message}`,
      } as const;
      await this.#reportFailure(hpa, hpa.status?.currentReplicas ?? 0, [statement]);
      return undefined;
    }
  }

  async #request(method: string, path: string, body?: object): Promise<Scale> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const answer = await this.#deps.client.request({
      method,
      path,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const value = JSON.parse(new TextDecoder().decode(answer.body)) as Scale & { readonly message?: string };
    if (answer.status !== 200) throw new Error(value.message ?? `${method} ${path} answered ${answer.status}`);
    return value;
  }

  /** Undefined where nothing can be decided, which is reported then. */
  async #decide(
    key: string,
    hpa: HorizontalPodAutoscaler,
    scale: Scale,
    current: number,
  ): Promise<Outcome | undefined> {
    const { minReplicas = 1, maxReplicas = 1 } = hpa.spec ?? {};
    if (current === 0 && minReplicas !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      return {
        desired: 0,
        metrics: [],
        statements: [gotScale, { type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message }],
      };
    }
    if (current > maxReplicas || current < minReplicas) {
      const [desired, why] =
        current > maxReplicas ? [maxReplicas, 'above Spec.MaxReplicas'] : [minReplicas, 'below Spec.MinReplicas'];
      return { desired, metrics: [], statements: [gotScale], why: `Current number of replicas ${why}` };
    }
    try {
      const situation = this.#situation(key, hpa, scale, current);
      return this.#follow(key, hpa, current, await this.#propose(hpa, situation));
    } catch (error) {
      const statement = this.#failed(hpa, error);
      await this.#reportFailure(hpa, current, [gotScale, statement]);
      return undefined;
    }
  }

  /** @throws ProposalsError - when what is known does not suffice. */
  #follow(key: string, hpa: HorizontalPodAutoscaler, current: number, { proposals, failure }: Proposals): Outcome {
    const best = proposals.toSorted((left, right) => right.replicas - left.replicas)[0];
    const metrics = proposals.map(({ status }) => status);
    // A metric that is not known may ask for more: without it nothing is taken away.
    if (best === undefined || (failure !== undefined && best.replicas < current)) {
      throw new ProposalsError(failure, hpa.spec?.metrics?.length ?? 0);
    }
    const now = this.#deps.clock.now();
    const advice = advise(hpa, current, best.replicas, this.#historyOf(key, current), now);
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    return {
      desired: advice.replicas,
      metrics,
      history: advice.history,
      statements: [
        ...advice.conditions,
        { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message },
      ],
      why: advice.replicas > current ? `${best.name} above target` : 'All metrics below target',
    };
  }

  /** What runs when an autoscaler is first looked at is what somebody wanted: it counts as advice. */
  #historyOf(key: string, current: number): History {
    const advice = [{ at: this.#deps.clock.now(), replicas: current }];
    return this.#histories.getOrInsert(key, { ...noHistory, advice });
  }

  async #propose(hpa: HorizontalPodAutoscaler, situation: Situation): Promise<Proposals> {
    const proposals: Proposal[] = [];
    let failure: Proposals['failure'];
    for (const metric of hpa.spec?.metrics ?? []) {
      try {
        proposals.push(await proposalFor(this.#deps.client, metric, situation));
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        this.#events.warning(HorizontalPodAutoscaler, hpa, error.reason, error.message);
        const sentence = failureOf(metric, error.message);
        failure = failure === undefined ? { error, sentence, count: 1 } : { ...failure, count: failure.count + 1 };
      }
    }
    return { proposals, ...(failure !== undefined && { failure }) };
  }

  #situation(key: string, { metadata, spec }: HorizontalPodAutoscaler, { status }: Scale, current: number): Situation {
    const { selector = '', replicas = 0 } = status ?? {};
    const { namespace = '' } = metadata;
    const { scaleUp, scaleDown } = spec?.behavior ?? {};
    return {
      namespace,
      selector,
      pods: this.#targets.podsOf(key, selector, (parsed) => this.#pods.list({ namespace, selector: parsed })),
      specReplicas: current,
      statusReplicas: replicas,
      tolerance: { up: toleranceOf(scaleUp?.tolerance), down: toleranceOf(scaleDown?.tolerance) },
      now: this.#deps.clock.now(),
      kinds: this.#kinds(),
    };
  }

  /** Says why nothing could be decided, and returns the condition. Throws what is no such reason. */
  #failed(hpa: HorizontalPodAutoscaler, error: unknown): Statement {
    if (!(error instanceof TargetError) && !(error instanceof ProposalsError)) throw error;
    if (error instanceof TargetError) this.#events.warning(HorizontalPodAutoscaler, hpa, error.reason, error.message);
    this.#events.warning(HorizontalPodAutoscaler, hpa, 'FailedComputeMetricsReplicas', error.message);
    return { type: 'ScalingActive', status: 'False', ...error.condition };
  }

  async #rescale(
    key: string,
    hpa: HorizontalPodAutoscaler,
    path: string,
    scale: Scale,
    { desired, statements, why = '', history = noHistory }: Outcome,
  ): Promise<readonly Statement[]> {
    try {
      await this.#request('PUT', path, { ...scale, spec: { ...scale.spec, replicas: desired } });
    } catch (error) {
      this.#events.warning(
        HorizontalPodAutoscaler,
        hpa,
        'FailedRescale',
        `New size: ${desired}; reason: ${why}; error: ${messageOf(error)}`,
      );
      const statement = {
        type: 'AbleToScale',
        status: 'False',
        reason: 'FailedUpdateScale',
        message: `the HPA controller was unable to update the target scale: ${messageOf(error)}`,
      } as const;
      await this.#reportFailure(hpa, scale.spec?.replicas ?? 0, [...statements, statement]);
      throw error;
    }
    this.#events.normal(HorizontalPodAutoscaler, hpa, 'SuccessfulRescale', `New size: ${desired}; reason: ${why}`);
    const change = { at: this.#deps.clock.now(), by: desired - (scale.spec?.replicas ?? 0) };
    this.#histories.set(key, { ...history, changes: [...history.changes, change] });
    return [able('SucceededRescale', `the HPA controller was able to update the target scale to ${desired}`)];
  }

  /** What was wanted and measured before stays. */
  #reportFailure(
    hpa: HorizontalPodAutoscaler,
    current: number,
    statements: readonly Statement[],
  ): Promise<ReconcileResult> {
    const desired = hpa.status?.desiredReplicas ?? 0;
    return this.#report(hpa, { spec: { replicas: current } }, { desired, statements }, false);
  }

  #report(hpa: HorizontalPodAutoscaler, scale: Scale, outcome: Outcome, rescaled: boolean): Promise<ReconcileResult> {
    const now = this.#deps.clock.now();
    if (outcome.history !== undefined && !rescaled) this.#histories.set(keyOf(hpa), outcome.history);
    const status = statusOf(hpa, scale, outcome, rescaled, now);
    return writeStatus(this.#deps.client, HorizontalPodAutoscaler, hpa, status);
  }
}

function statusOf(
  { status }: HorizontalPodAutoscaler,
  scale: Scale,
  { desired, metrics, statements }: Outcome,
  rescaled: boolean,
  now: number,
): HorizontalPodAutoscalerStatus {
  const lastScaleTime = rescaled ? timestamp(now) : status?.lastScaleTime;
  return {
    ...(lastScaleTime !== undefined && { lastScaleTime }),
    // What the target is set to, as upstream: pods may be fewer yet.
    currentReplicas: scale.spec?.replicas ?? 0,
    desiredReplicas: desired,
    currentMetrics: metrics ?? status?.currentMetrics ?? [],
    conditions: withStatements(status?.conditions, statements, now),
  };
}

function toleranceOf(given: string | undefined): number {
  return given === undefined ? defaultTolerance : milliValue(given) / 1000;
}

function able(reason: string, message: string): Statement {
  return { type: 'AbleToScale', status: 'True', reason, message };
}

const gotScale = able('SucceededGetScale', "the HPA controller was able to get the target's current scale");
