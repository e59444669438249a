/** Go's durations: `1h30m`, `1.5s`, `300ms`. Exact to the nanosecond, within 64 bits. */
class DurationError extends Error {
  override readonly name = 'DurationError';
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const largest = 2n ** 63n;

/** Throws DurationError with Go's text. */
export function durationNanoseconds(text: string): bigint {
  const negative = text.startsWith('-');
  const amount = magnitude(text, /^[-+]/.test(text) ? text.slice(1) : text);
  if (amount > largest || (amount === largest && !negative)) throw invalidDuration(text);
  return negative ? -amount : amount;
}

function magnitude(text: string, amounts: string): bigint {
  if (amounts === '0') return 0n;
  if (amounts === '') throw invalidDuration(text);
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  let total = 0n;
  while (part.lastIndex < amounts.length && total <= largest) {
    const [, digits = '', fraction = '', unit = ''] = part.exec(amounts) ?? [];
    if (digits === '' && fraction === '') throw invalidDuration(text);
    total += amountOf(text, digits, fraction, unit);
  }
  return total;
}

function invalidDuration(text: string): DurationError {
  return new DurationError(`time: invalid duration ${JSON.stringify(text)}`);
}

function amountOf(text: string, digits: string, fraction: string, unit: string): bigint {
  if (unit === '') throw new DurationError(`time: missing unit in duration ${JSON.stringify(text)}`);
  const size = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (size === undefined) {
    throw new DurationError(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
  }
  const places = fraction.slice(0, 18);
  return BigInt(digits === '' ? 0 : digits) * size + (BigInt(places || 0) * size) / 10n ** BigInt(places.length);
}

/** For timers. Throws DurationError. */
export function durationMilliseconds(text: string): number {
  return Number(durationNanoseconds(text)) / 1e6;
}

/** As Go writes it: `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const amount = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (amount === 0n) return '0s';
  if (amount < 1_000n) return `${sign}${amount}ns`;
  if (amount < 1_000_000n) return `${sign}${decimal(amount, 3)}µs`;
  if (amount < 1_000_000_000n) return `${sign}${decimal(amount, 6)}ms`;
  const seconds = amount / 1_000_000_000n;
  const [hours, minutes] = [seconds / 3600n, (seconds / 60n) % 60n];
  const shown = `${decimal(amount % 60_000_000_000n, 9)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${shown}`;
  return minutes > 0n ? `${sign}${minutes}m${shown}` : `${sign}${shown}`;
}

function decimal(amount: bigint, places: number): string {
  const text = amount.toString().padStart(places + 1, '0');
  const fraction = text.slice(-places).replace(/0+$/, '');
  return fraction === '' ? text.slice(0, -places) : `${text.slice(0, -places)}.${fraction}`;
}

/** Throws DurationError. */
export function canonicalDuration(text: string): string {
  return formatDuration(durationNanoseconds(text));
}
