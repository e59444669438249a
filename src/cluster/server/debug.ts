/**
 * What the control plane is doing, for `coracle why` and for people: /debug/scheduler and /debug/controllers.
 * The scheduler's answer is the very decision that it made, not a second guess.
 */
import type { Exchange } from '../../apiserver/http/exchange.ts';
import type { RequestInfo } from '../../apiserver/http/request-info.ts';
import { sendJson } from '../../apiserver/http/respond.ts';
import { preciseTimestamp } from '../../base/clock.ts';
import type { Service } from '../../base/service.ts';
import type { ControllerAnswer, DecisionAnswer } from '../../cli/why/answers.ts';
import { Controller, type ControllerStatus } from '../../client/controller.ts';
import type { RememberedDecision, Scheduler } from '../../scheduler/scheduler.ts';
import type { Health } from './component-statuses.ts';

type Page = (exchange: Exchange, info: RequestInfo) => void;

export class DebugPages {
  #scheduler: Scheduler | undefined;
  #controllers: readonly Controller[] = [];

  /** Called once there is one; before, the pages are empty. */
  showScheduler(scheduler: Scheduler): void {
    this.#scheduler = scheduler;
  }

  showControllers(services: readonly Service[]): void {
    this.#controllers = services.filter((service) => service instanceof Controller);
  }

  get scheduler(): Scheduler | undefined {
    return this.#scheduler;
  }

  get controllers(): readonly Controller[] {
    return this.#controllers;
  }

  /** What of the control plane runs; asked later, answered then. */
  get health(): Pick<Health, 'isSchedulerRunning' | 'isControllerManagerRunning'> {
    return {
      isSchedulerRunning: () => this.#scheduler !== undefined,
      isControllerManagerRunning: () => this.#controllers.some(({ status }) => status.synced),
    };
  }

  get paths(): ReadonlyMap<string, Page> {
    return new Map<string, Page>([
      ['/debug/scheduler', (exchange, info) => this.#answerScheduler(exchange, info)],
      ['/debug/controllers', (exchange, info) => this.#answerControllers(exchange, info)],
    ]);
  }

  /** `?pod=namespace/name` for one decision, else the queue's figures. */
  #answerScheduler(exchange: Exchange, info: RequestInfo): void {
    const pod = info.query.get('pod');
    if (pod === null) return sendJson(exchange, 200, { ...this.#scheduler?.stats });
    const remembered = this.#scheduler?.decisionOf(pod);
    sendJson(exchange, 200, remembered === undefined ? { known: false } : decisionAnswer(remembered));
  }

  /** `?name=deployment&key=namespace/name` for the last plan of one object, else all figures. */
  #answerControllers(exchange: Exchange, info: RequestInfo): void {
    const [name, key] = [info.query.get('name'), info.query.get('key')];
    const chosen = this.#controllers.filter((controller) => name === null || controller.name === name);
    const answer = { controllers: chosen.map((controller) => controllerAnswer(controller.status)) };
    const last = key === null ? undefined : chosen[0]?.lastOf(key);
    sendJson(
      exchange,
      200,
      last === undefined ? answer : { ...answer, last: { ...last, at: preciseTimestamp(last.at) } },
    );
  }
}

function decisionAnswer({ at, message, decision }: RememberedDecision): DecisionAnswer {
  return {
    known: true,
    at: preciseTimestamp(at),
    message,
    ...(decision.node === undefined ? {} : { node: decision.node }),
    evaluated: decision.evaluated,
    rejected: [...decision.rejected].map(([node, { plugin, reasons }]) => ({ node, plugin, reasons })),
    scores: [...decision.scores].map(([node, { total, byPlugin }]) => ({ node, total, byPlugin })),
  };
}

function controllerAnswer(status: ControllerStatus): ControllerAnswer {
  const { name, depth, active, delayed, reconciles, failures, retries, last } = status;
  return {
    name,
    depth,
    active,
    delayed,
    reconciles,
    failures,
    retries,
    ...(last === undefined ? {} : { last: { ...last, at: preciseTimestamp(last.at) } }),
  };
}
