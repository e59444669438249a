/** What a check is, and what it finds. */
import type { Facts } from './facts.ts';

/**
 * `fail`: mend it. `warn`: somebody has to judge it, or chose it: as Kubernetes itself comes, or off until it is
 * asked for. `not-applicable`: Coracle has nothing of that kind; `found` says why.
 */
export type Verdict = 'pass' | 'fail' | 'warn' | 'not-applicable';

export interface Outcome {
  readonly verdict: Verdict;
  /** What was seen, one sentence. */
  readonly found: string;
  /** How to mend it; '' when there is nothing to mend. */
  readonly remedy: string;
}

export interface Check {
  /** Of the CIS Kubernetes Benchmark v1.12. */
  readonly id: string;
  readonly title: string;
  readonly look: (facts: Facts) => Outcome;
}

export const pass = (found: string): Outcome => ({ verdict: 'pass', found, remedy: '' });
export const fail = (found: string, remedy: string): Outcome => ({ verdict: 'fail', found, remedy });
export const warn = (found: string, remedy: string): Outcome => ({ verdict: 'warn', found, remedy });

/** A check that has nothing to look at here. */
export function absent(id: string, title: string, why: string): Check {
  return { id, title, look: () => ({ verdict: 'not-applicable', found: why, remedy: '' }) };
}

/** `a, b, c and 4 more`. */
export function several(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Passes when there are none; otherwise as `bad` judges them. */
export function none(
  names: readonly string[],
  good: string,
  bad: (list: string) => string,
  remedy: string,
  judge: (found: string, remedy: string) => Outcome = fail,
): Outcome {
  return names.length === 0 ? pass(good) : judge(bad(several(names)), remedy);
}
