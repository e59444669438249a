/**
 * Regular expressions of Go's dialect (RE2), rewritten for JavaScript: what Go takes is taken and means the same, what
 * Go refuses (lookarounds, backreferences, repeats beyond 1000) is refused. Letters that match in either case are
 * written out, since V8's linear engine knows no `i` flag. Whether something matches is kept, not what a group holds.
 */

/** The pattern is no regular expression in Go. */
export class GoPatternError extends Error {
  override readonly name = 'GoPatternError';
}

export interface Translated {
  readonly source: string;
  /** `u` when characters beyond the basic plane or Unicode's classes are named, else nothing. */
  readonly flags: '' | 'u';
}

/** Throws GoPatternError. JavaScript may still refuse what comes out: a Unicode class that it does not know, say. */
export function translateGoPattern(pattern: string): Translated {
  const isUnicode = /\\[pP]|[\ud800-\udfff]|\\x\{0*[1-9A-Fa-f][\dA-Fa-f]{4,}\}/.test(pattern);
  return { source: new Translator(pattern, isUnicode).translate(), flags: isUnicode ? 'u' : '' };
}

type Range = readonly [from: number, to: number];
/** Ranges of characters, or a Unicode class as it is written. */
type ClassItem = Range | string;

interface Flags {
  readonly fold: boolean;
  readonly lines: boolean;
  readonly dotAll: boolean;
}

const ranges = (...texts: readonly string[]): readonly Range[] =>
  texts.map((text) => [text.charCodeAt(0), text.charCodeAt(text.length - 1)]);

const named: Readonly<Record<string, readonly Range[]>> = {
  alnum: ranges('09', 'AZ', 'az'),
  alpha: ranges('AZ', 'az'),
  ascii: [[0, 0x7f]],
  blank: ranges('\t', ' '),
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: ranges('09'),
  graph: ranges('!~'),
  lower: ranges('az'),
  print: ranges(' ~'),
  punct: ranges('!/', ':@', '[`', '{~'),
  space: ranges('\t\r', ' '),
  upper: ranges('AZ'),
  word: ranges('09', 'AZ', '_', 'az'),
  xdigit: ranges('09', 'AF', 'af'),
};

const shorthands: Readonly<Record<string, readonly Range[]>> = {
  d: ranges('09'),
  s: ranges('\t\n', '\f\r', ' '),
  w: ranges('09', 'AZ', '_', 'az'),
};

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const mostRepeats = 1000;

class Translator {
  readonly #text: string;
  readonly #isUnicode: boolean;
  #at = 0;
  #flags: Flags = { fold: false, lines: false, dotAll: false };
  readonly #groups: Flags[] = [];

  constructor(text: string, isUnicode: boolean) {
    this.#text = text;
    this.#isUnicode = isUnicode;
  }

  translate(): string {
    let out = '';
    /** Whether what was written last may be repeated. */
    let repeatable = false;
    while (this.#at < this.#text.length) {
      const repeat = this.#repeat();
      if (repeat !== undefined) {
        if (!repeatable) throw new GoPatternError(`nothing to repeat with ${repeat}`);
        out += repeat;
        repeatable = false;
        continue;
      }
      const piece = this.#piece();
      out += piece;
      repeatable = piece !== '' && piece !== '|' && !/^\((?:\?(?::|<\w+>))?$/.test(piece);
    }
    if (this.#groups.length > 0) throw new GoPatternError('missing closing )');
    return out;
  }

  /** A repetition, without what says whether it is greedy. */
  #repeat(): string | undefined {
    const [all, mark = '', from = '', rest, to = ''] =
      /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(this.#text.slice(this.#at, this.#at + 24)) ?? [];
    if (all === undefined) return undefined;
    this.#at += all.length;
    if (mark !== '') return mark;
    if (Number(from) > mostRepeats || Number(to) > mostRepeats || (to !== '' && Number(to) < Number(from))) {
      throw new GoPatternError(`invalid repeat count ${all}`);
    }
    return `{${from}${rest ?? ''}}`;
  }

  #piece(): string {
    const char = this.#take();
    if (char === '(') return this.#open();
    if (char === ')') return this.#close();
    if (char === '|') return '|';
    if (char === '[') return this.#class();
    if (char === '\\') return this.#escape();
    if (char === '^' || char === '$') return this.#edge(char);
    if (char === '.') return this.#flags.dotAll ? '[^]' : '[^\\n]';
    return this.#literal(char.codePointAt(0) ?? 0);
  }

  #edge(char: '^' | '$'): string {
    if (!this.#flags.lines) return this.#anchor(char);
    return char === '^' ? '(?:(?<![^\\n]))' : '(?:(?![^\\n]))';
  }

  /** As a group where it is repeated, which Go allows. */
  #anchor(text: string): string {
    return /^[*+?]|^\{\d/.test(this.#text.slice(this.#at, this.#at + 2)) ? `(?:${text})` : text;
  }

  #take(): string {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) throw new GoPatternError('the pattern ends too soon');
    const char = String.fromCodePoint(point);
    this.#at += char.length;
    return char;
  }

  #open(): string {
    const rest = this.#text.slice(this.#at);
    if (!rest.startsWith('?')) {
      this.#groups.push(this.#flags);
      return '(';
    }
    const [name] = /^\?P?<\w+>/.exec(rest) ?? [];
    if (name !== undefined) {
      this.#at += name.length;
      this.#groups.push(this.#flags);
      // JavaScript's names start with no digit.
      return `(${name.replace(/^\?P?<(\d)?/, (_all, digit?: string) => (digit === undefined ? '?<' : `?<_${digit}`))}`;
    }
    return this.#setFlags(rest);
  }

  /** `(?i)`, up to the end of the group around it, or `(?i:...)`. */
  #setFlags(rest: string): string {
    const [all, on = '', off = '', end] = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest) ?? [];
    if (all === undefined || (end === ')' && on === '' && off === '')) {
      throw new GoPatternError(`invalid or unsupported Perl syntax (${rest.slice(0, 3)}`);
    }
    this.#at += all.length;
    if (end === ':') this.#groups.push(this.#flags);
    const set = (flag: string, before: boolean): boolean => (on.includes(flag) || before) && !off.includes(flag);
    const { fold, lines, dotAll } = this.#flags;
    this.#flags = { fold: set('i', fold), lines: set('m', lines), dotAll: set('s', dotAll) };
    return end === ':' ? '(?:' : '';
  }

  #close(): string {
    const flags = this.#groups.pop();
    if (flags === undefined) throw new GoPatternError('unexpected )');
    this.#flags = flags;
    return ')';
  }

  #escape(): string {
    const next = this.#text.charAt(this.#at);
    if (next === 'b' || next === 'B') {
      this.#take();
      return this.#anchor(`\\${next}`);
    }
    if (next === 'A' || next === 'z') {
      this.#take();
      return this.#anchor(next === 'A' ? '^' : '$');
    }
    if (next === 'Q') return this.#quoted();
    const item = this.#classEscape();
    return typeof item === 'number' ? this.#literal(item) : this.#set(item, false);
  }

  /** Everything up to \E stands for itself. */
  #quoted(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('\\E', start);
    this.#at = end === -1 ? this.#text.length : end + 2;
    const text = this.#text.slice(start, end === -1 ? undefined : end);
    return Array.from(text, (char) => this.#literal(char.codePointAt(0) ?? 0)).join('');
  }

  /** What follows a backslash: one character, or several. */
  #classEscape(): number | readonly ClassItem[] {
    const char = this.#take();
    const lower = char.toLowerCase();
    const shorthand = shorthands[lower];
    if (shorthand !== undefined) return char === lower ? shorthand : this.#others(shorthand);
    if (lower === 'p') return [this.#property(char)];
    if (char === 'x') return this.#hexadecimal();
    const control = controls[char];
    if (control !== undefined) return control;
    if (/[0-7]/.test(char)) return this.#octal(char);
    if (/[\dA-Za-z]/.test(char) || char.length > 1 || char > '\x7f') {
      throw new GoPatternError(`invalid escape sequence \\${char}`);
    }
    return char.charCodeAt(0);
  }

  #property(char: string): string {
    const [all, letter = '', negated = '', long = ''] =
      /^(?:([A-Z])|\{(\^?)(\w+)\})/.exec(this.#text.slice(this.#at)) ?? [];
    if (all === undefined) throw new GoPatternError('invalid character class range');
    this.#at += all.length;
    const isOthers = (char === 'P') !== (negated === '^');
    const name = letter === '' ? long : letter;
    return `\\${isOthers ? 'P' : 'p'}{${name.length <= 2 || name === 'Any' ? '' : 'Script='}${name}}`;
  }

  #hexadecimal(): number {
    const [all, two = '', braced = ''] =
      /^(?:([\dA-Fa-f]{2})|\{([\dA-Fa-f]+)\})/.exec(this.#text.slice(this.#at)) ?? [];
    const point = Number.parseInt(two + braced, 16);
    if (all === undefined || point > 0x10_ff_ff) throw new GoPatternError('invalid escape sequence \\x');
    this.#at += all.length;
    return point;
  }

  /** A single digit but 0 would be a backreference. */
  #octal(first: string): number {
    const [more = ''] = /^[0-7]{0,2}/.exec(this.#text.slice(this.#at)) ?? [];
    if (first !== '0' && more === '') throw new GoPatternError(`invalid escape sequence \\${first}`);
    this.#at += more.length;
    return Number.parseInt(first + more, 8);
  }

  #class(): string {
    const isNegated = this.#text[this.#at] === '^';
    if (isNegated) this.#at += 1;
    const items: ClassItem[] = [];
    // A bracket that comes first is no end.
    for (let isFirst = true; isFirst || this.#text[this.#at] !== ']'; isFirst = false) {
      items.push(...this.#classItems());
    }
    this.#at += 1;
    return this.#set(items, isNegated);
  }

  #namedClass(): readonly Range[] | undefined {
    const [all, negated = '', name = ''] = /^\[:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at, this.#at + 16)) ?? [];
    if (all === undefined) return undefined;
    const set = named[name];
    if (set === undefined) throw new GoPatternError(`invalid character class range ${all}`);
    this.#at += all.length;
    return negated === '' ? set : this.#others(set);
  }

  #classItems(): readonly ClassItem[] {
    const set = this.#namedClass();
    if (set !== undefined) return set;
    const from = this.#classPoint();
    if (typeof from !== 'number') return from;
    const isRange = this.#text[this.#at] === '-' && (this.#text[this.#at + 1] ?? ']') !== ']';
    if (!isRange) return [[from, from]];
    this.#at += 1;
    const to = this.#classPoint();
    if (typeof to !== 'number' || to < from) throw new GoPatternError('invalid character class range');
    return [[from, to]];
  }

  #classPoint(): number | readonly ClassItem[] {
    const char = this.#take();
    return char === '\\' ? this.#classEscape() : (char.codePointAt(0) ?? 0);
  }

  #others(set: readonly Range[]): readonly Range[] {
    const last = this.#isUnicode ? 0x10_ff_ff : 0xff_ff;
    const starts = [0, ...set.map(([, to]) => to + 1)];
    const ends = [...set.map(([from]) => from - 1), last];
    return starts.map((from, at): Range => [from, ends[at] ?? last]).filter(([from, to]) => from <= to);
  }

  #literal(point: number): string {
    const both = this.#flags.fold ? casesOf([point, point]) : [];
    return both.length > 1 ? this.#set([[point, point]], false) : this.#written(point);
  }

  #set(items: readonly ClassItem[], isNegated: boolean): string {
    const written = items.flatMap((item) => {
      if (typeof item === 'string') return [item];
      const cases = this.#flags.fold ? casesOf(item) : [item];
      return cases.map(([from, to]) => this.#written(from) + (from === to ? '' : `-${this.#written(to)}`));
    });
    return `[${isNegated ? '^' : ''}${written.join('')}]`;
  }

  #written(point: number): string {
    if ((point >= 0x30 && point <= 0x39) || (point >= 0x41 && point <= 0x5a) || (point >= 0x61 && point <= 0x7a)) {
      return String.fromCharCode(point);
    }
    const digits = point.toString(16);
    return point > 0xff_ff ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
  }
}

const letters = 26;

/** The range, and what differs from it in case only: of ranges, the letters of ASCII; of one character, all. */
function casesOf(range: Range): readonly Range[] {
  const [from, to] = range;
  if (from === to) {
    const char = String.fromCodePoint(from);
    const variants = new Set([char, char.toLowerCase(), char.toUpperCase(), ...(folded[char.toLowerCase()] ?? [])]);
    // Some have capitals of several letters, which Go leaves out too.
    const points = Array.from(variants, (each) => Array.from(each, (one) => one.codePointAt(0) ?? 0));
    return points.filter(({ length }) => length === 1).map(([point = 0]): Range => [point, point]);
  }
  const moved = (first: number, by: number): readonly Range[] => {
    const [low, high] = [Math.max(from, first), Math.min(to, first + letters - 1)];
    return low > high ? [] : [[low + by, high + by]];
  };
  return [range, ...moved(0x41, 0x20), ...moved(0x61, -0x20)];
}

/** The signs of Kelvin and the long s are letters of ASCII in another case. */
const folded: Readonly<Record<string, readonly string[]>> = { k: ['\u212a'], s: ['\u017f'] };
