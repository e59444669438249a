/** Field selectors: `status.phase=Running,metadata.name!=web`. Values escape `\`, `,` and `=` with a backslash. */
import { SelectorError } from './selector.ts';

interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export type FieldSelector = readonly FieldRequirement[];

/** Throws SelectorError with upstream's message. Which fields a kind knows is the caller's to check. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = splitTerms(text)
    .toSorted()
    .filter((term) => term !== '');
  return terms.map((term) => {
    const operator = /[!]=|==?/.exec(term);
    if (operator === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const value = unescape(term.slice(operator.index + operator[0].length));
    return { field: term.slice(0, operator.index), operator: operator[0] === '!=' ? '!=' : '=', value };
  });
}

/** `valueOf` gives a field's text, '' where the object has none. */
export function matchesFields(selector: FieldSelector, valueOf: (field: string) => string): boolean {
  return selector.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === '='));
}

/** The value that a field must have to match, if the selector asks for exactly one. */
export function exactFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((each) => each.field === field && each.operator === '=')?.value;
}

export function formatFieldSelector(selector: FieldSelector): string {
  return selector
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
}

function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
}

function unescape(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === ',' || character === '=') {
      const code = character.codePointAt(0);
      throw new SelectorError(`invalid field selector: unescaped character in value: ${code}`);
    }
    if (character === '\\') {
      at += 1;
      const escaped = text.charAt(at);
      if (escaped === '' || !'\\,='.includes(escaped)) {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${escaped}`);
      }
      value += escaped;
    } else {
      value += character;
    }
  }
  return value;
}
