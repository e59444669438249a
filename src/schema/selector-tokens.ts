/** The words and signs of a label selector's text. */
type TokenType = 'word' | '!' | '(' | ')' | ',' | '=' | '==' | '!=' | '>' | '<' | 'end' | 'unknown';

export interface Token {
  readonly type: TokenType;
  /** As written. */
  readonly text: string;
  /** Set for the words `in` and `notin`, which are operators after a key and plain words elsewhere. */
  readonly keyword?: 'in' | 'notin';
}

const signs = new Set('=!(),><');
const blanks = new Set(' \t\r\n');

/** Ends with an `end` token. Never throws: what can't be read becomes `unknown`. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (blanks.has(character)) {
      at += 1;
      continue;
    }
    const token = signs.has(character) ? sign(text, at) : word(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ type: 'end', text: '' });
  return tokens;
}

function sign(text: string, at: number): Token {
  const pair = text.slice(at, at + 2);
  if (pair === '==' || pair === '!=') return { type: pair, text: pair };
  const single = text.charAt(at);
  return { type: single as TokenType, text: single };
}

function word(text: string, at: number): Token {
  let end = at;
  while (end < text.length && !signs.has(text.charAt(end)) && !blanks.has(text.charAt(end))) end += 1;
  const found = text.slice(at, end);
  return found === 'in' || found === 'notin'
    ? { type: 'word', text: found, keyword: found }
    : { type: 'word', text: found };
}
