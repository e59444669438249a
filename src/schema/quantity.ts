/**
 * Amounts such as `500m`, `1.5Gi` or `12e6`, exactly: a decimal fraction and the notation it is written in.
 *
 *     formatQuantity(addQuantity('100m', '1900m'))   '2'
 *     canonicalQuantity('1.5Gi')                      '1536Mi'
 *     milliValue('0.1')                               100
 *
 * The mantissa is a plain number while it is a safe integer and a bigint beyond. Nothing smaller than a
 * billionth exists: it is rounded away from zero.
 */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** mantissa * 10^scale. */
export interface Quantity {
  readonly mantissa: number | bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text it was read from, where that counts as canonical. */
  readonly text?: string;
}

/** What the functions here take: a quantity, its text, or a JSON number. */
export type Amount = Quantity | string | number;

class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const syntax = /^([+-]?)([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const formatComplaint = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixComplaint = "unable to parse quantity's suffix";

const smallest = -9;
/** Exponents beyond this name no amount of anything, and would make a few characters cost megabytes. */
const largestExponent = 400;
const largestBinary = 2n ** 63n - 1n;

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const suffixes: ReadonlyMap<string, Suffix> = new Map([
  ...decimalSuffixes.map((text, at): [string, Suffix] => [
    text,
    { base: 10, exponent: (at - 3) * 3, format: 'DecimalSI' },
  ]),
  ...binarySuffixes
    .slice(1)
    .map((text, at): [string, Suffix] => [text, { base: 2, exponent: (at + 1) * 10, format: 'BinarySI' }]),
]);

/** Throws QuantityError with upstream's text. Blanks around the text are ignored. */
export function parseQuantity(source: Amount): Quantity {
  if (typeof source === 'object') return source;
  const text = String(source).trim();
  const match = text === '' ? null : syntax.exec(text);
  if (match === null) throw new QuantityError(formatComplaint);
  const [, sign = '', whole = '', , fraction = '', suffixText = ''] = match;
  const suffix = interpret(suffixText);
  const digits = whole.replace(/^0+/, '') || '0';
  const mantissa = integer(digits + fraction);
  const signed = sign === '-' ? negate(mantissa) : mantissa;
  const quick = suffix.base === 10 ? quickDecimal : quickBinary;
  return quick(text, signed, digits, fraction, suffix) ?? exact(signed, fraction.length, suffix);
}

function interpret(text: string): Suffix {
  const known = suffixes.get(text);
  if (known !== undefined) return known;
  const exponent = /^[eE][-+]?[0-9]+$/.test(text) ? Number(text.slice(1)) : NaN;
  if (!(exponent <= largestExponent)) throw new QuantityError(suffixComplaint);
  return { base: 10, exponent: Math.max(exponent, -largestExponent), format: 'DecimalExponent' };
}

/** Decimal amounts of up to 18 digits; their own text is kept when its exponent is a multiple of three. */
function quickDecimal(
  text: string,
  mantissa: number | bigint,
  digits: string,
  fraction: string,
  suffix: Suffix,
): Quantity | undefined {
  const scale = suffix.exponent - fraction.length;
  const shown = digits + fraction;
  if (shown.length > 18 || scale < smallest) return undefined;
  const keeps = scale % 3 === 0 && !shown.endsWith('000') && !shown.startsWith('0');
  return { mantissa, scale, format: suffix.format, ...(keeps ? { text } : {}) };
}

/** Whole binary amounts of up to about 15 digits. */
function quickBinary(
  text: string,
  mantissa: number | bigint,
  digits: string,
  fraction: string,
  suffix: Suffix,
): Quantity | undefined {
  const precision = 14 - digits.length - Math.trunc((suffix.exponent * 3) / 10);
  if (fraction !== '' || precision < 0) return undefined;
  const value = Number(mantissa);
  const keeps = Math.abs(value) % 8 !== 0;
  return {
    mantissa: shrink(multiply(value, 2 ** suffix.exponent)),
    scale: 0,
    format: 'BinarySI',
    ...(keeps ? { text } : {}),
  };
}

/** All the rest: rounded up to a billionth, binary amounts capped to 63 bits. */
function exact(mantissa: number | bigint, places: number, suffix: Suffix): Quantity {
  const factor = suffix.base === 2 ? 2n ** BigInt(suffix.exponent) : 1n;
  const scale = (suffix.base === 10 ? suffix.exponent : 0) - places;
  const rounded = roundTo({ mantissa: shrink(BigInt(mantissa) * factor), scale, format: suffix.format }, smallest);
  if (suffix.base === 10) return rounded;
  const capped = capBinary(rounded);
  const small = compareQuantity(magnitude(capped), one) < 0 && !isZero(capped);
  return small ? { ...capped, format: 'DecimalSI' } : capped;
}

function capBinary(quantity: Quantity): Quantity {
  const cap: Quantity = { mantissa: largestBinary, scale: 0, format: 'BinarySI' };
  if (compareQuantity(magnitude(quantity), cap) <= 0) return quantity;
  return isNegative(quantity) ? { ...cap, mantissa: -largestBinary } : cap;
}

const one: Quantity = { mantissa: 1, scale: 0, format: 'DecimalSI' };

/** The text that the API server writes: `1500m` for `1.5`, `1Gi` for `1024Mi`. */
export function formatQuantity(amount: Amount): string {
  const quantity = parseQuantity(amount);
  if (quantity.text !== undefined) return quantity.text;
  if (isZero(quantity)) return '0';
  return (quantity.format === 'BinarySI' ? formatBinary(quantity) : undefined) ?? formatDecimal(quantity);
}

function formatDecimal(quantity: Quantity): string {
  let { mantissa, scale } = quantity;
  while (isDivisible(mantissa, 10)) {
    mantissa = divide(mantissa, 10);
    scale += 1;
  }
  const excess = ((scale % 3) + 3) % 3;
  const shown = multiply(mantissa, 10 ** excess);
  const exponent = scale - excess;
  if (exponent === 0) return String(shown);
  const suffix = quantity.format === 'DecimalExponent' ? undefined : decimalSuffixes[exponent / 3 + 3];
  return `${shown}${suffix ?? `e${exponent}`}`;
}

/** Undefined for amounts that are small or not whole: those are written in decimal. */
function formatBinary(quantity: Quantity): string | undefined {
  const whole = roundTo(quantity, 0);
  if (compareQuantity(whole, quantity) !== 0) return undefined;
  let value = atScale(whole, 0);
  if (value > -1024 && value < 1024) return undefined;
  let power = 0;
  while (power < binarySuffixes.length - 1 && isDivisible(value, 1024)) {
    value = divide(value, 1024);
    power += 1;
  }
  return `${value}${binarySuffixes[power]}`;
}

/** Texts repeat over and over; remembering their canonical forms is bounded by starting afresh. */
const remembered = new Map<string, string>();
const rememberAtMost = 1024;

/** The canonical text of a quantity's text. Throws QuantityError. */
export function canonicalQuantity(source: string | number): string {
  const key = String(source);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const text = formatQuantity(parseQuantity(key));
  if (remembered.size >= rememberAtMost) remembered.clear();
  if (key.length <= 32) remembered.set(key, text);
  return text;
}

/** Below zero, zero or above zero, as for sort(). */
export function compareQuantity(left: Amount, right: Amount): number {
  const [a, b] = aligned(parseQuantity(left), parseQuantity(right));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A zero takes over the other's notation. */
export function addQuantity(left: Amount, right: Amount): Quantity {
  const [a, b] = [parseQuantity(left), parseQuantity(right)];
  const [x, y] = aligned(a, b);
  return { mantissa: plus(x, y), scale: Math.min(a.scale, b.scale), format: isZero(a) ? b.format : a.format };
}

export function subtractQuantity(left: Amount, right: Amount): Quantity {
  return addQuantity(left, negateQuantity(right));
}

function negateQuantity(amount: Amount): Quantity {
  const { mantissa, scale, format } = parseQuantity(amount);
  return { mantissa: negate(mantissa), scale, format };
}

export function isZero(amount: Amount): boolean {
  const { mantissa } = parseQuantity(amount);
  return mantissa === 0 || mantissa === 0n;
}

export function isNegative(amount: Amount): boolean {
  return parseQuantity(amount).mantissa < 0;
}

/** The amount with nothing left below whole units, rounded up (away from zero), in its own format. */
export function roundedUp(amount: Amount): Quantity {
  return roundTo(parseQuantity(amount), 0);
}

/** The amount in whole units, rounded up (away from zero): bytes, counts. */
export function wholeValue(amount: Amount): number {
  return Number(atScale(roundTo(parseQuantity(amount), 0), 0));
}

/** The amount in thousandths, rounded up: CPU. */
export function milliValue(amount: Amount): number {
  return Number(atScale(roundTo(parseQuantity(amount), -3), -3));
}

/** The nearest double. */
export function approximateValue(amount: Amount): number {
  const { mantissa, scale } = parseQuantity(amount);
  return scale < 0 ? Number(mantissa) / 10 ** -scale : Number(mantissa) * 10 ** scale;
}

export function quantityOf(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { mantissa: Math.trunc(value), scale: 0, format };
}

export function quantityOfMilli(thousandths: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { mantissa: Math.trunc(thousandths), scale: -3, format };
}

/** Rounded away from zero so that nothing is left below 10^scale. */
function roundTo(quantity: Quantity, scale: number): Quantity {
  const excess = scale - quantity.scale;
  if (excess <= 0) return quantity;
  const power = 10n ** BigInt(excess);
  const mantissa = BigInt(quantity.mantissa);
  const towards = mantissa / power;
  const away = towards * power === mantissa ? towards : towards + (mantissa < 0n ? -1n : 1n);
  return { mantissa: shrink(away), scale, format: quantity.format };
}

/** The mantissa that the same amount has at a scale that is not above its own. */
function atScale(quantity: Quantity, scale: number): number | bigint {
  return scaleUp(quantity.mantissa, quantity.scale - scale);
}

function aligned(a: Quantity, b: Quantity): [number | bigint, number | bigint] {
  const scale = Math.min(a.scale, b.scale);
  return [atScale(a, scale), atScale(b, scale)];
}

function magnitude(quantity: Quantity): Quantity {
  return isNegative(quantity) ? negateQuantity(quantity) : quantity;
}

function scaleUp(mantissa: number | bigint, places: number): number | bigint {
  if (places === 0) return mantissa;
  if (places <= 15) return multiply(mantissa, 10 ** places);
  return shrink(BigInt(mantissa) * 10n ** BigInt(places));
}

function integer(digits: string): number | bigint {
  return digits.length <= 15 ? Number(digits) : shrink(BigInt(digits));
}

function shrink(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function plus(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a + b)) return a + b;
  return shrink(BigInt(a) + BigInt(b));
}

function multiply(a: number | bigint, b: number): number | bigint {
  if (typeof a === 'number' && Number.isSafeInteger(a * b)) return a * b;
  return shrink(BigInt(a) * BigInt(b));
}

function negate(value: number | bigint): number | bigint {
  return value === 0 ? 0 : -value;
}

function isDivisible(value: number | bigint, by: number): boolean {
  if (value === 0 || value === 0n) return false;
  return typeof value === 'number' ? value % by === 0 : value % BigInt(by) === 0n;
}

function divide(value: number | bigint, by: number): number | bigint {
  return typeof value === 'number' ? value / by : shrink(value / BigInt(by));
}
