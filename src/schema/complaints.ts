/** Strict field validation's complaints about a whole object, in the order in which upstream's decoder finds them. */
import { formatPath } from './decode.ts';
import { quoteText } from './fault.ts';
import { isRecord } from './freeze.ts';

/**
 * Merges what parseJson (`duplicate field "..."`) and decodeObject (`unknown field "..."`) found, in the order
 * of the text. What is wrong inside or with a repetition of an unknown field goes without saying.
 */
export function orderComplaints(
  json: unknown,
  duplicates: readonly string[],
  unknown: readonly string[],
): readonly string[] {
  if (duplicates.length === 0 || unknown.length === 0) return [...duplicates, ...unknown];
  const ordered: string[] = [];
  const found = { duplicates: new Set(duplicates), unknown: new Set(unknown) };
  walk(json, [], found, ordered);
  return ordered;
}

interface Found {
  readonly duplicates: ReadonlySet<string>;
  readonly unknown: ReadonlySet<string>;
}

function walk(value: unknown, path: (string | number)[], found: Found, ordered: string[]): void {
  if (Array.isArray(value)) value.forEach((item: unknown, index) => walkInto(item, index, path, found, ordered));
  if (!isRecord(value)) return;
  for (const key of Object.keys(value)) {
    const shown = quoteText(formatPath([...path, key]));
    if (found.unknown.has(`unknown field ${shown}`)) {
      ordered.push(`unknown field ${shown}`);
      continue;
    }
    if (found.duplicates.has(`duplicate field ${shown}`)) ordered.push(`duplicate field ${shown}`);
    walkInto(value[key], key, path, found, ordered);
  }
}

function walkInto(
  value: unknown,
  segment: string | number,
  path: (string | number)[],
  found: Found,
  ordered: string[],
): void {
  path.push(segment);
  walk(value, path, found, ordered);
  path.pop();
}
