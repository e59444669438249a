/** Whose pods an autoscaler looks at, and whether another one looks at them, too. */
import type { Pod } from '../../api/core/pod.ts';
import { messageOf } from '../../base/errors.ts';
import { refOf } from '../../client/cache.ts';
import { matches, parseSelector, type Selector } from '../../schema/selector.ts';

/** Why the pods of a target can't be told, in upstream's words. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
  /** Of the event. */
  readonly reason: string;
  /** Of the condition ScalingActive. */
  readonly condition: { readonly reason: string; readonly message: string };

  constructor(reason: string, message: string, condition = { reason, message }) {
    super(message);
    this.reason = reason;
    this.condition = condition;
  }
}

/** What each autoscaler selected when it was last looked at, by key. */
export class Targets {
  readonly #selectors = new Map<string, Selector>();

  forget(key: string): void {
    this.#selectors.delete(key);
  }

  /**
   * The pods of the target among all that `podsOf` finds for its selector.
   *
   * @throws TargetError - without a selector, with one that nobody can read, or when the pods are another's as well.
   */
  podsOf(key: string, text: string, podsOf: (selector: Selector) => readonly Pod[]): readonly Pod[] {
    const selector = selectorFrom(text);
    this.#selectors.set(key, selector);
    const pods = podsOf(selector);
    const rivals = this.#selecting(key, pods);
    if (rivals.length <= 1) return pods;
    const message = `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
    throw new TargetError('AmbiguousSelector', message);
  }

  #selecting(key: string, pods: readonly Pod[]): readonly string[] {
    const { namespace } = refOf(key);
    const selecting = [...this.#selectors].filter(
      ([other, selector]) =>
        refOf(other).namespace === namespace && pods.some(({ metadata }) => matches(selector, metadata.labels)),
    );
    return selecting.map(([other]) => other).toSorted();
  }
}

function selectorFrom(text: string): Selector {
  if (text === '') {
    const message = "the HPA target's scale is missing a selector";
    throw new TargetError('SelectorRequired', 'selector is required', { reason: 'InvalidSelector', message });
  }
  try {
    return parseSelector(text);
  } catch (error) {
    const why = messageOf(error);
    throw new TargetError(
      'InvalidSelector',
      `couldn't convert selector into a corresponding internal selector object: ${why}`,
    );
  }
}
