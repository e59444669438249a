/**
 * Regular expressions that users write (in CustomResourceDefinitions), in Go's dialect. Go matches in linear
 * time, V8's default engine may take for ever; so V8 is told to fall back to its linear engine when a match
 * backtracks too much. That engine knows no `u` flag: patterns get it only when they need it.
 */
import { setFlagsFromString } from 'node:v8';
import { GoPatternError, translateGoPattern } from './go-pattern.ts';

setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

const compiled = new Map<string, RegExp | null>();
const rememberAtMost = 1000;

/** Undefined when the pattern is no regular expression. */
export function compilePattern(source: string): RegExp | undefined {
  const known = compiled.get(source);
  if (known !== undefined) return known ?? undefined;
  if (compiled.size >= rememberAtMost) compiled.clear();
  const expression = attempt(source);
  compiled.set(source, expression ?? null);
  return expression;
}

function attempt(source: string): RegExp | undefined {
  try {
    const translated = translateGoPattern(source);
    return new RegExp(translated.source, translated.flags);
  } catch (error) {
    if (error instanceof GoPatternError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
