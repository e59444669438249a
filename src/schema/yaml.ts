/** YAML as clients send it (apply patches), read into plain JSON. The library is loaded when first needed. */
import type { Tags } from 'yaml';
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

/** How many aliased nodes a document may unfold into. */
const mostAliases = 1000;

/** Reads one document. JSON is YAML too, but parse it as JSON: that is far faster. Throws YamlError. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { version: '1.1', merge: true, customTags: withoutTimes });
  const [problem] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (problem !== undefined) throw failure(problem.message.split('\n', 1)[0] ?? '');
  const duplicates = document.errors.map(
    ({ linePos, pos }) =>
      `line ${linePos?.[0].line ?? 0}: key ${JSON.stringify(keyAt(text, pos[0]))} already set in map`,
  );
  try {
    const value: unknown = document.toJS({ maxAliasCount: mostAliases });
    return { value: plain(value), duplicates };
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

/** Upstream reads dates, times and base-60 numbers such as 12:30 as the texts that they are. */
function withoutTimes(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === 'string' || !(tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')),
  );
}

/** YAML's own types (binary, big numbers) become what JSON has. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
