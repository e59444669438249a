/**
 * JSON text as clients send it. JSON.parse reads it; a scanner of our own finds what that can't tell: fields
 * that occur twice, nesting beyond reason, and where the text is broken, in the words of upstream's parser.
 */
import { scanJson } from './json-scan.ts';

/** The text is no JSON. The message is Go's: `invalid character '}' looking for beginning of value`. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

export interface ParsedJson {
  readonly value: unknown;
  /** `duplicate field "spec.containers[0].name"`; only looked for when asked. At most a hundred. */
  readonly duplicates: readonly string[];
}

export interface JsonOptions {
  /** Looks for fields that occur twice; the last one wins either way. */
  readonly duplicates?: boolean;
}

const deepestNesting = 1000;

/** Throws JsonError. */
export function parseJson(text: string, options: JsonOptions = {}): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonError(scanJson(text, deepestNesting).error ?? String(error));
  }
  if (options.duplicates !== true && countOpeners(text) <= deepestNesting) return { value, duplicates: [] };
  const { error, duplicates } = scanJson(text, deepestNesting, true);
  if (error !== undefined) throw new JsonError(error);
  return { value, duplicates: options.duplicates === true ? duplicates : [] };
}

/** An upper bound of the nesting, fast: brackets inside texts count too. */
function countOpeners(text: string): number {
  let count = 0;
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) count += 1;
  for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) count += 1;
  return count;
}
