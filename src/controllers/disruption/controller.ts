/** PodDisruptionBudgets: keeps their status, from which evictions are granted. */
import { Pod } from '../../api/core/pod.ts';
import type { Kind } from '../../api/kind.ts';
import { PodDisruptionBudget, type PodDisruptionBudgetStatus } from '../../api/policy/pod-disruption-budget.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { Controller, watching, type Change, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { formatSelector, matches, selectorOf } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import { wantedCounter, type CountWanted } from './owners.ts';
import { failedStatus, needsScale, planBudget } from './plan.ts';

export function disruptionController(deps: Dependencies, events: Events, kinds: () => readonly Kind[]): Controller {
  return new BudgetKeeper(deps, events, kinds).controller();
}

class BudgetKeeper {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #countWanted: CountWanted;

  constructor(deps: Dependencies, events: Events, kinds: () => readonly Kind[]) {
    this.#deps = deps;
    this.#events = events;
    this.#budgets = deps.informers.of(PodDisruptionBudget);
    this.#pods = deps.informers.of(Pod);
    this.#countWanted = wantedCounter(deps.client, deps.informers, kinds);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'disruption',
        sources: [watching(this.#budgets), watching(this.#pods, (change) => this.#keysOf(change))],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  #keysOf({ object, old }: Change<Pod>): readonly string[] {
    const budgets = this.#budgets.list({ namespace: object.metadata.namespace });
    const concerned = budgets.filter(({ spec }) => {
      const selector = selectorOf(spec?.selector);
      return [object, old].some((pod) => pod !== undefined && matches(selector, pod.metadata.labels));
    });
    return concerned.map(keyOf);
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const budget = this.#budgets.get(refOf(key));
    if (budget === undefined) return {};
    const now = this.#deps.clock.now();
    const selector = selectorOf(budget.spec?.selector);
    const pods = this.#pods.list({ namespace: budget.metadata.namespace, selector });
    if (pods.length === 0) this.#events.normal(PodDisruptionBudget, budget, 'NoPods', 'No matching pods found');
    try {
      const plan = planBudget(budget, pods, await this.#wanted(budget, pods, formatSelector(selector)), now);
      note(plan);
      for (const { metadata } of plan.notDeleted) {
        const message = `Pod was expected by PDB ${key} to be deleted but it wasn't`;
        this.#events.record(
          {
            kind: 'Pod',
            apiVersion: 'v1',
            namespace: metadata.namespace ?? '',
            name: metadata.name,
            uid: metadata.uid,
          },
          'Warning',
          'NotDeleted',
          message,
        );
      }
      return soonest(plan, await this.#report(budget, plan.status));
    } catch (error) {
      if (!(error instanceof UncountableError)) throw error;
      const message = `Failed to calculate the number of expected pods: ${error.message}`;
      this.#events.warning(PodDisruptionBudget, budget, 'CalculateExpectedPodCountFailed', message);
      // Nothing is tried again before something changes: owners that can't be counted stay so.
      return await this.#report(budget, failedStatus(budget, error.message, now));
    }
  }

  async #wanted(budget: PodDisruptionBudget, pods: readonly Pod[], selector: string): Promise<number> {
    if (!needsScale(budget)) return 0;
    try {
      const { count, unmanaged } = await this.#countWanted(pods);
      if (unmanaged.length > 0) {
        const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
        this.#events.warning(PodDisruptionBudget, budget, 'UnmanagedPods', message);
      }
      return count;
    } catch (error) {
      throw new UncountableError(messageOf(error));
    }
  }

  /** With its resourceVersion: an eviction may have been granted meanwhile, and must not be forgotten. */
  #report(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<ReconcileResult> {
    return writeStatus(this.#deps.client, PodDisruptionBudget, budget, status);
  }
}

class UncountableError extends Error {
  override readonly name = 'UncountableError';
}
