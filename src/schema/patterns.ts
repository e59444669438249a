/**
 * Regular expressions that users write (in CustomResourceDefinitions), in Go's dialect. Go matches in linear
 * time, V8's default engine may take for ever; so V8 is told to fall back to its linear engine when a match
 * backtracks too much. That engine knows no `u` flag: patterns get it only when they need it.
 */
import { setFlagsFromString } from 'node:v8';

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

const classes: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

function attempt(source: string): RegExp | undefined {
  const [, options = '', rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  const translated = rest
    .replaceAll('(?P<', '(?<')
    .replace(/\\z/g, '$')
    .replace(/\\A/g, '^')
    .replace(/\\p([A-Z])(?!\w*\})/g, '\\p{$1}')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole);
  const unicode = /\\[pP]\{|[\ud800-\udfff]/.test(translated) ? 'u' : '';
  try {
    return new RegExp(translated, options + unicode);
  } catch {
    return undefined;
  }
}
