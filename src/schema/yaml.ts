/** YAML as clients send it (apply patches), read into plain JSON. The library is loaded when first needed. */
import type { ScalarTag, Tags } from 'yaml';
import { messageOf } from '../base/errors.ts';

/** The text is no YAML, or would unfold into more than it should. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
}

export interface ParsedYaml {
  readonly value: unknown;
  /** Keys that occur twice, as strict decoding reports them. */
  readonly duplicates: readonly string[];
}

/** How many aliased nodes a document may unfold into, and how many characters: twice what may be sent as JSON. */
const mostAliases = 1000;
const mostCharacters = 6 * 1024 * 1024;

/** Reads one document. JSON is YAML too, but parse it as JSON: that is far faster. Throws YamlError. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { version: '1.1', merge: true, customTags: asUpstream });
  const [problem] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (problem !== undefined) throw failure(problem.message.split('\n', 1)[0] ?? '');
  const duplicates = document.errors.map(
    ({ linePos, pos }) =>
      `line ${linePos?.[0].line ?? 0}: key ${JSON.stringify(keyAt(text, pos[0]))} already set in map`,
  );
  try {
    const value: unknown = document.toJS({ maxAliasCount: mostAliases });
    return { value: plain(value, { left: mostCharacters }), duplicates };
  } catch (error) {
    throw failure(messageOf(error));
  }
}

function failure(reason: string): YamlError {
  return new YamlError(`error converting YAML to JSON: yaml: ${reason}`);
}

function keyAt(text: string, at: number): string {
  return /^[^\s:]*/.exec(text.slice(at))?.[0] ?? '';
}

/**
 * Upstream reads dates, times and base-60 numbers such as 12:30 as the texts that they are. So it does with what looks
 * like a number but has no digits where they belong, such as `e1` and `.`.
 */
function asUpstream(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    if (typeof tag === 'string') return tag;
    if (tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')) return [];
    if (!tag.tag.endsWith(':float')) return tag;
    const { test, ...rest } = tag as ScalarTag;
    return { ...rest, ...(test === undefined ? {} : { test: new RegExp(`${numeric.source}${test.source}`) }) };
  });
}

/** Looks ahead: a digit after at most a sign and a point, or one of the words. */
const numeric = /(?=^[-+]?(?:\.?\d|\.[iInN]))/;

/** YAML's own types (binary, big numbers) become what JSON has. Throws when the budget of characters is used up. */
function plain(value: unknown, budget: { left: number }): unknown {
  spend(budget, typeof value === 'string' ? value.length : 1);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => plain(inner, budget));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      spend(budget, key.length);
      return [key, plain(inner, budget)];
    }),
  );
}

/** A long text with a thousand aliases is few nodes, but much text. */
function spend(budget: { left: number }, characters: number): void {
  budget.left -= characters;
  if (budget.left < 0) throw new Error('document contains excessive aliasing');
}
