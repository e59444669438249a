/** Fractions of bytes: valid quantities, and never what was meant (`memory: 500m`). */
import { formatQuantity, milliValue, type Amount } from '../../../schema/quantity.ts';

/** About a number of bytes. */
export function fractionWarnings(path: string, amount: Amount | undefined): string[] {
  if (amount === undefined || milliValue(amount) % 1000 === 0) return [];
  const text = JSON.stringify(formatQuantity(amount));
  return [`${path}: fractional byte value ${text} is invalid, must be an integer`];
}

type Amounts = Readonly<Record<string, Amount | undefined>>;

/** About those of the named resources that are in a list of amounts. */
export function fractionsIn(path: string, amounts: Amounts | undefined, names: readonly string[]): string[] {
  return names.flatMap((name) => fractionWarnings(`${path}[${name}]`, amounts?.[name]));
}
