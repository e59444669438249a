/** Rows of figures, as benchmarks print them and write them for comparison. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly budget?: number;
}

export interface Report {
  readonly rows: readonly Row[];
  /** Prints a row, rounded to the report's decimals, beside its budget where it has one. */
  readonly report: (what: string, value: number, unit: string, budget?: number) => void;
}

export function reporter(decimals = 1): Report {
  const rows: Row[] = [];
  const report: Report['report'] = (what, value, unit, budget) => {
    const rounded = Math.round(value * 10 ** decimals) / 10 ** decimals;
    rows.push({ what, value: rounded, unit, ...(budget === undefined ? {} : { budget }) });
    const limit = budget === undefined ? '' : `  (budget ${budget})`;
    console.log(`${what.padEnd(52)}${String(rounded).padStart(10)} ${unit}${limit}`);
  };
  return { rows, report };
}

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
