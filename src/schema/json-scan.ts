/**
 * Walks JSON text without building values. It finds duplicate fields with their paths, and says in Go's words
 * why a text is not JSON. Positions are UTF-16 units; nothing here recurses.
 */
import { quoteText } from './fault.ts';

export interface Scan {
  /** Why the text is no JSON, if it isn't. */
  readonly error?: string;
  readonly duplicates: readonly string[];
}

const mostReports = 100;

/** An object or a list that is open. */
interface Frame {
  readonly keys: Keys | undefined;
  /** The field or the position that is being read. */
  key: string;
  index: number;
}

/** Most objects are small, and a list is quicker than a set then. */
class Keys {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** False when the key was there already. */
  add(key: string): boolean {
    if (this.#many !== undefined) {
      const size = this.#many.size;
      return this.#many.add(key).size > size;
    }
    if (this.#few.includes(key)) return false;
    this.#few.push(key);
    if (this.#few.length > 12) this.#many = new Set(this.#few);
    return true;
  }
}

class ScanError extends Error {
  override readonly name = 'ScanError';
}

/** `valid`: the text is known to be JSON, so that texts and numbers need no second look. */
export function scanJson(text: string, deepest: number, valid = false): Scan {
  const scanner = new Scanner(text, deepest, valid);
  try {
    scanner.run();
    return { duplicates: [...scanner.duplicates] };
  } catch (error) {
    if (error instanceof ScanError) return { error: error.message, duplicates: [] };
    throw error;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const literals: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const numberShape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

class Scanner {
  readonly duplicates = new Set<string>();
  readonly #text: string;
  readonly #deepest: number;
  readonly #valid: boolean;
  readonly #frames: Frame[] = [];
  #at = 0;
  /** Where the next backslash is, from some position at or before the current one. */
  #backslash = -1;

  constructor(text: string, deepest: number, valid: boolean) {
    this.#text = text;
    this.#deepest = deepest;
    this.#valid = valid;
  }

  run(): void {
    this.#value();
    while (this.#frames.length > 0) this.#continue();
    this.#blank();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
  }

  /** After a value inside an object or list: the next one, or its end. */
  #continue(): void {
    const frame = this.#frames[this.#frames.length - 1];
    if (frame === undefined) return;
    this.#blank();
    const character = this.#text[this.#at];
    const isObject = frame.keys !== undefined;
    if (character === (isObject ? '}' : ']')) {
      this.#at += 1;
      this.#frames.pop();
    } else if (character === ',') {
      this.#at += 1;
      if (isObject) this.#member(frame, false);
      else {
        frame.index += 1;
        this.#value();
      }
    } else {
      this.#fail(isObject ? 'after object key:value pair' : 'after array element');
    }
  }

  #value(): void {
    this.#blank();
    const character = this.#text[this.#at] ?? '';
    if (character === '"') {
      this.#string();
    } else if (character === '{') {
      this.#open({ keys: new Keys(), key: '', index: 0 });
      this.#member(this.#frames[this.#frames.length - 1], true);
    } else if (character === '[') {
      this.#open({ keys: undefined, key: '', index: 0 });
      this.#blank();
      if (this.#text[this.#at] === ']') this.#close();
      else this.#value();
    } else if (literals[character] !== undefined) {
      this.#literal(character);
    } else {
      this.#number();
    }
  }

  #open(frame: Frame): void {
    if (this.#frames.length >= this.#deepest) throw new ScanError('exceeded max depth');
    this.#at += 1;
    this.#frames.push(frame);
  }

  #close(): void {
    this.#at += 1;
    this.#frames.pop();
  }

  /** A key, the colon and the value; or the end of an empty object. */
  #member(frame: Frame | undefined, first: boolean): void {
    this.#blank();
    const character = this.#text[this.#at];
    if (first && character === '}') return this.#close();
    if (character !== '"') this.#fail('looking for beginning of object key string');
    const start = this.#at;
    const escaped = this.#string();
    const raw = this.#text.slice(start + 1, this.#at - 1);
    if (frame?.keys !== undefined) this.#note(frame, frame.keys, escaped ? String(JSON.parse(`"${raw}"`)) : raw);
    this.#blank();
    if (this.#text[this.#at] !== ':') this.#fail('after object key');
    this.#at += 1;
    this.#value();
  }

  #note(frame: Frame, keys: Keys, key: string): void {
    frame.key = key;
    if (!keys.add(key) && this.duplicates.size < mostReports)
      this.duplicates.add(`duplicate field ${quoteText(this.#path())}`);
  }

  #path(): string {
    let path = '';
    for (const { keys, key, index } of this.#frames) {
      if (keys === undefined) path += `[${index}]`;
      else path += path === '' ? key : `.${key}`;
    }
    return path;
  }

  /** Passes a text; true when it holds escapes. */
  #string(): boolean {
    const text = this.#text;
    if (this.#valid) {
      const end = text.indexOf('"', this.#at + 1);
      if (this.#backslash < this.#at) this.#backslash = text.indexOf('\\', this.#at);
      if (this.#backslash < 0) this.#backslash = text.length;
      if (end < this.#backslash) {
        this.#at = end + 1;
        return false;
      }
    }
    return this.#escapedString();
  }

  #escapedString(): boolean {
    const text = this.#text;
    let escaped = false;
    for (this.#at += 1; this.#at < text.length; this.#at += 1) {
      const code = text.charCodeAt(this.#at);
      if (code === quote) {
        this.#at += 1;
        return escaped;
      }
      if (code === backslash) {
        escaped = true;
        this.#escape();
      } else if (code < 0x20) {
        this.#fail('in string literal');
      }
    }
    return this.#fail('in string literal');
  }

  /** Leaves the position on the escape's last character. */
  #escape(): void {
    this.#at += 1;
    const character = this.#text[this.#at];
    if (character === undefined || !'bfnrt\\/"u'.includes(character)) this.#fail('in string escape code');
    if (character !== 'u') return;
    for (let digits = 0; digits < 4; digits += 1) {
      this.#at += 1;
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    }
  }

  #literal(first: string): void {
    const word = literals[first] ?? '';
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) this.#fail(`in literal ${word} (expecting '${expected}')`);
      this.#at += 1;
    }
  }

  #number(): void {
    numberShape.lastIndex = this.#at;
    const found = numberShape.exec(this.#text)?.[0];
    if (found === undefined) {
      if (this.#text[this.#at] !== '-') this.#fail('looking for beginning of value');
      this.#at += 1;
      this.#fail('in numeric literal');
    }
    this.#at += found.length;
    const next = this.#text[this.#at];
    if (next === '.') this.#failAfter('after decimal point in numeric literal');
    if (next === 'e' || next === 'E') this.#failAfter('in exponent of numeric literal');
  }

  #failAfter(context: string): never {
    this.#at += 1;
    return this.#fail(context);
  }

  #blank(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #fail(context: string): never {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new ScanError('unexpected end of JSON input');
    throw new ScanError(`invalid character ${quoteCharacter(String.fromCodePoint(code))} ${context}`);
  }
}

/** Go names the first byte of the character; for ASCII that is the character. */
function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return `'"'`;
  const byte = Buffer.from(character)[0] ?? 0;
  const shown = byte < 0x80 ? character : String.fromCharCode(byte);
  return `'${quoteText(shown).slice(1, -1)}'`;
}
