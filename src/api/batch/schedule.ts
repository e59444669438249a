/**
 * Whether a text is a cron schedule as Kubernetes reads it: five fields of numbers, names, lists, ranges and
 * steps, or a word such as `@hourly` or `@every 1h30m`. When it fires is the controller's business.
 */
interface CronField {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const days = 'sun mon tue wed thu fri sat'.split(' ');

const fields: readonly CronField[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
];

const words: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]);

/** What is wrong with it, in the words that upstream's users know; undefined when nothing is. */
export function scheduleComplaint(schedule: string): string | undefined {
  const text = schedule.replace(/^(?:CRON_)?TZ=\S+\s+/u, '').trim();
  if (text.startsWith('@')) return wordComplaint(text);
  const parts = text.split(/\s+/u);
  if (parts.length !== fields.length) {
    return `expected exactly 5 fields, found ${text === '' ? 0 : parts.length}: [${parts.join(' ')}]`;
  }
  for (const [index, field] of fields.entries()) {
    for (const item of (parts[index] ?? '').split(',')) {
      const complaint = itemComplaint(item, field);
      if (complaint !== undefined) return complaint;
    }
  }
  return undefined;
}

function wordComplaint(text: string): string | undefined {
  if (words.has(text)) return undefined;
  const every = /^@every (?<span>.*)$/u.exec(text)?.groups?.['span'];
  if (every === undefined) return `unrecognized descriptor: ${text}`;
  const valid = /^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/u.test(every) || every === '0';
  return valid ? undefined : `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(every)}`;
}

/** `*`, `5`, `1-5`, any of them with `/2` behind it. */
function itemComplaint(item: string, field: CronField): string | undefined {
  const [range = '', step, ...more] = item.split('/');
  if (more.length > 0) return `too many slashes: ${item}`;
  const stepFault = step === undefined ? undefined : stepComplaint(step, item);
  if (range === '*' || range === '?') return stepFault;
  const texts = range.split('-');
  if (texts.length > 2) return `too many hyphens: ${item}`;
  const ends = texts.map((end) => valueOf(end, field));
  const bad = texts[ends.findIndex(Number.isNaN)];
  if (bad !== undefined) return numberComplaint(bad);
  const [start = 0, end = step === undefined ? start : field.high] = ends;
  return boundsComplaint(start, end, item, field) ?? stepFault;
}

function numberComplaint(text: string): string {
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function boundsComplaint(start: number, end: number, item: string, { low, high }: CronField): string | undefined {
  if (start < low) return `beginning of range (${start}) below minimum (${low}): ${item}`;
  if (end > high) return `end of range (${end}) above maximum (${high}): ${item}`;
  return start > end ? `beginning of range (${start}) beyond end of range (${end}): ${item}` : undefined;
}

function stepComplaint(step: string, item: string): string | undefined {
  if (!/^\d+$/u.test(step)) return numberComplaint(step);
  return Number(step) === 0 ? `step of range should be a positive number: ${item}` : undefined;
}

function valueOf(text: string, { low, names }: CronField): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  if (index >= 0) return index + low;
  return /^\d+$/u.test(text) ? Number(text) : Number.NaN;
}
