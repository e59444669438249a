/**
 * Indented JSON for people. It is made from the text and not from parsed values: numbers of 64 bits stay what they are,
 * and a list of any length passes through in pieces.
 */
import { text, type Encoder, type Piece } from './encoder.ts';

/** The same answers, easier to read. Watch frames stay one line each. */
export function indenting(encoder: Encoder): Encoder {
  return {
    ...encoder,
    one: (snapshot) => text(indentJson(encoder.one(snapshot))),
    *list(snapshots, meta) {
      const indenter = new Indenter();
      for (const piece of encoder.list(snapshots, meta)) yield indenter.add(piece);
    },
  };
}

export function indentJson(json: Piece): string {
  return new Indenter().add(json);
}

const decoder = new TextDecoder();
const significant = /["{}[\],:\s]/g;
const endOfText = /["\\]/g;

/** Takes JSON in pieces that may break anywhere, but not within a character. */
class Indenter {
  #depth = 0;
  #inText = false;
  /** An opening bracket that may be closed at once. */
  #opened = false;
  /** The piece before ended with a backslash. */
  #escaped = false;

  add(piece: Piece): string {
    const json = typeof piece === 'string' ? piece : decoder.decode(piece);
    const out: string[] = [];
    let at = 0;
    while (at < json.length) at = this.#inText ? this.#text(json, at, out) : this.#structure(json, at, out);
    return out.join('');
  }

  /** To the end of the string, or of the piece. */
  #text(json: string, from: number, out: string[]): number {
    let at = from;
    if (this.#escaped) at += 1;
    this.#escaped = false;
    for (;;) {
      endOfText.lastIndex = at;
      const found = endOfText.exec(json);
      if (found === null) break;
      at = found.index + 1;
      if (found[0] === '"') {
        this.#inText = false;
        break;
      }
      if (at === json.length) this.#escaped = true;
      at += 1;
    }
    const end = this.#inText ? json.length : at;
    out.push(json.slice(from, end));
    return end;
  }

  /** One character of structure, with what stands before it. */
  #structure(json: string, from: number, out: string[]): number {
    significant.lastIndex = from;
    const index = significant.exec(json)?.index ?? json.length;
    if (index > from) {
      this.#begin(out);
      out.push(json.slice(from, index));
    }
    if (index < json.length) this.#mark(json.charAt(index), out);
    return index + 1;
  }

  #mark(mark: string, out: string[]): void {
    if (mark === '}' || mark === ']') return this.#close(mark, out);
    if (mark === ',') return void out.push(',', this.#line());
    if (mark === ':') return void out.push(': ');
    if (mark !== '"' && mark !== '{' && mark !== '[') return;
    this.#begin(out);
    out.push(mark);
    this.#inText = mark === '"';
    if (this.#inText) return;
    this.#depth += 1;
    this.#opened = true;
  }

  #close(mark: string, out: string[]): void {
    this.#depth -= 1;
    if (!this.#opened) out.push(this.#line());
    this.#opened = false;
    out.push(mark);
  }

  /** Before the first thing within brackets. */
  #begin(out: string[]): void {
    if (this.#opened) out.push(this.#line());
    this.#opened = false;
  }

  #line(): string {
    return `\n${'  '.repeat(this.#depth)}`;
  }
}
