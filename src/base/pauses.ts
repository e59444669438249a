/** Growing pauses between attempts, in milliseconds. Where many clients wait for one server, see client/backoff.ts. */
export interface Pauses {
  readonly first: number;
  readonly longest: number;
}

/** After so many failures in a row: the first pause, doubled with each. None without a failure. */
export function pauseAfter(failures: number, { first, longest }: Pauses): number {
  return failures <= 0 ? 0 : Math.min(longest, first * 2 ** (failures - 1));
}
