/** Kubernetes' Time (RFC 3339 to the second) and MicroTime (six decimals), always written in UTC. */
import { parseTimestamp, timestamp } from '../base/clock.ts';

class TimeError extends Error {
  override readonly name = 'TimeError';
}

const layout = '2006-01-02T15:04:05Z07:00';
const microLayout = '2006-01-02T15:04:05.000000Z07:00';
const plain = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const full = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)$/;

/** `2026-01-02T03:04:05Z`. Throws TimeError in Go's words. */
export function canonicalTime(text: string): string {
  const { seconds } = parse(text, layout);
  return plain.test(text) ? text : timestamp(seconds);
}

/** `2026-01-02T03:04:05.678901Z`. Upstream insists on six decimals when reading. Throws TimeError. */
export function canonicalMicroTime(text: string): string {
  const { seconds, fraction, zone } = parse(text, microLayout);
  if (fraction.length !== 6) {
    const rest = `${fraction === '' ? '' : `.${fraction}`}${zone}`;
    throw new TimeError(parseComplaint(text, microLayout, rest, '.000000'));
  }
  return `${timestamp(seconds).slice(0, 19)}.${fraction}Z`;
}

interface Parsed {
  /** Milliseconds since the epoch, without the fraction of a second. */
  readonly seconds: number;
  readonly fraction: string;
  readonly zone: string;
}

function parse(text: string, expected: string): Parsed {
  const match = full.exec(text);
  if (match === null) throw new TimeError(firstMismatch(text, expected));
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = match;
  const ranges: readonly (readonly [string, boolean])[] = [
    ['month', inRange(month, 1, 12)],
    ['day', inRange(day, 1, daysIn(Number(year), Number(month)))],
    ['hour', inRange(hour, 0, 23)],
    ['minute', inRange(minute, 0, 59)],
    ['second', inRange(second, 0, 59)],
  ];
  const wrong = ranges.find(([, good]) => !good);
  if (wrong !== undefined) throw new TimeError(`parsing time ${JSON.stringify(text)}: ${wrong[0]} out of range`);
  const seconds = parseTimestamp(`${text.slice(0, 19)}${zone}`);
  if (Number.isNaN(seconds)) throw new TimeError(`parsing time ${JSON.stringify(text)}: time zone offset out of range`);
  return { seconds, fraction, zone };
}

function inRange(text: string, low: number, high: number): boolean {
  const value = Number(text);
  return value >= low && value <= high;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** The pieces of the layout in order, and how each one looks. */
const pieces: readonly (readonly [string, RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d(?:[.,]\d+)?/],
  ['Z07:00', /^(?:Z|[-+]\d\d:\d\d)$/],
];

function firstMismatch(text: string, expected: string): string {
  let rest = text;
  for (const [name, shape] of pieces) {
    const found = shape.exec(rest);
    if (found === null) return parseComplaint(text, expected, rest, name);
    rest = rest.slice(found[0].length);
  }
  return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`;
}

function parseComplaint(text: string, expected: string, rest: string, piece: string): string {
  return (
    `parsing time ${JSON.stringify(text)} as ${JSON.stringify(expected)}: ` +
    `cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(piece)}`
  );
}
