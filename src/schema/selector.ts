/**
 * Label selectors: from text (`app=web,tier in (a, b),!old`), from a LabelSelector struct, matching, and
 * back to text. Field selectors are in field-selector.ts.
 */
import { faultMessage, invalid, type Fault } from './fault.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';
import { tokenize, type Token } from './selector-tokens.ts';

type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** Distinct; sorted when parsed from text. */
  readonly values: readonly string[];
}

/** All requirements must hold; none at all selects everything. */
export type Selector = readonly Requirement[];

export type Labels = Readonly<Record<string, string>> | undefined;

/** The struct of meta/v1. */
export interface LabelSelectorLike {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

export const everything: Selector = Object.freeze([]);

/** Selects nothing: what an absent LabelSelector means. `in` with no values can't be written by anyone. */
export const nothing: Selector = Object.freeze([{ key: 'nothing', operator: 'in', values: [] } as const]);

export function matches(selector: Selector, labels: Labels): boolean {
  for (const requirement of selector) if (!holds(requirement, labels)) return false;
  return true;
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'gt':
    case 'lt':
      return value !== undefined && compares(operator, value, values[0]);
    default:
      return value !== undefined && values.includes(value);
  }
}

function compares(operator: 'gt' | 'lt', value: string, bound: string | undefined): boolean {
  if (!isInteger(value) || bound === undefined || !isInteger(bound)) return false;
  return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

function isInteger(text: string): boolean {
  return /^[-+]?[0-9]{1,19}$/.test(text);
}

/** Reads `-l` and `labelSelector=` texts. Throws SelectorError with upstream's message. */
export function parseSelector(text: string): Selector {
  return new Parser(tokenize(text)).parse();
}

const binaryOperators = 'in, notin, =, ==, !=, gt, lt';

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Selector {
    const requirements: Requirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.type === 'end') return sortByKey(requirements);
      if (next.type !== 'word' && next.type !== '!') {
        throw new SelectorError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirementOrThrow());
      const after = this.#next();
      if (after.type === 'end') return sortByKey(requirements);
      if (after.type !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following.type !== 'word' && following.type !== '!') {
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #requirementOrThrow(): Requirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek().type === '!';
    if (negated) this.#next();
    const key = this.#next();
    if (key.type !== 'word') throw new SelectorError(`found '${key.text}', expected: identifier`);
    const complaints = checkQualifiedName(key.text);
    if (complaints.length > 0) {
      throw new SelectorError(faultMessage(invalid('<nil>', key.text, complaints.join('; '))));
    }
    if (negated) return requirement(key.text, '!', []);
    if (this.#atEnd()) return requirement(key.text, 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    return requirement(key.text, operator, [...new Set(values)].toSorted());
  }

  #operator(): Operator {
    const token = this.#next();
    const { type } = token;
    if (token.keyword !== undefined) return token.keyword;
    if (type === '=' || type === '==' || type === '!=') return type;
    if (type === '>') return 'gt';
    if (type === '<') return 'lt';
    throw new SelectorError(`found '${token.text}', expected: ${binaryOperators}`);
  }

  #value(): string {
    if (this.#atEnd()) return '';
    const token = this.#next();
    if (token.type !== 'word') throw new SelectorError(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): readonly string[] {
    const open = this.#next();
    if (open.type !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.type === ')') {
      this.#next();
      return [''];
    }
    if (first.type !== 'word' && first.type !== ',') {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    return this.#valueList();
  }

  /** Words between commas, up to the parenthesis; nothing between two commas is the empty text. */
  #valueList(): readonly string[] {
    const values: string[] = [];
    let blank = true;
    for (;;) {
      const token = this.#next();
      if (token.type === 'word') {
        values.push(token.text);
        blank = false;
        const after = this.#peek();
        if (after.type !== ',' && after.type !== ')') {
          throw new SelectorError(`found '${after.text}', expected: ',' or ')'`);
        }
      } else if (token.type === ',') {
        if (blank) values.push('');
        blank = true;
      } else if (token.type === ')') {
        if (blank) values.push('');
        return values;
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  #atEnd(): boolean {
    const { type } = this.#peek();
    return type === 'end' || type === ',';
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }
}

function sortByKey(requirements: readonly Requirement[]): Selector {
  return requirements.toSorted((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));
}

/** Throws SelectorError when the requirement makes no sense. */
function requirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  const faults = [
    ...keyFaults(key),
    ...valueCountFaults(operator, values),
    ...values.flatMap((value, at) => {
      const complaints = checkLabelValue(value);
      return complaints.length === 0 ? [] : [invalid(`values[${at}][${key}]`, value, complaints.join('; '))];
    }),
  ];
  if (faults.length > 0) throw new SelectorError(aggregate(faults));
  return { key, operator, values };
}

function keyFaults(key: string): readonly Fault[] {
  const complaints = checkQualifiedName(key);
  return complaints.length === 0 ? [] : [invalid('key', key, complaints.join('; '))];
}

function valueCountFaults(operator: Operator, values: readonly string[]): readonly Fault[] {
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length > 0) return [];
      return [invalid('values', values, "for 'in', 'notin' operators, values set can't be empty")];
    case 'gt':
    case 'lt':
      return values
        .map((value, at) => ({ value, at }))
        .filter(({ value }) => !isInteger(value))
        .map(({ value, at }) =>
          invalid(`values[${at}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"),
        );
    case 'exists':
    case '!':
      if (values.length === 0) return [];
      return [invalid('values', values, 'values set must be empty for exists and does not exist')];
    default:
      return [];
  }
}

/** One message stands alone; several are bracketed. */
function aggregate(faults: readonly Fault[]): string {
  const messages = [...new Set(faults.map(faultMessage))];
  return messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`;
}

const structOperators: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** A LabelSelector as a selector: absent selects nothing, empty selects everything. Throws SelectorError. */
export function selectorOf(struct: LabelSelectorLike | undefined | null): Selector {
  if (struct === undefined || struct === null) return nothing;
  const labels = Object.entries(struct.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
  const expressions = (struct.matchExpressions ?? []).map((each) => {
    const operator = Object.hasOwn(structOperators, each.operator) ? structOperators[each.operator] : undefined;
    if (operator === undefined) {
      throw new SelectorError(`${JSON.stringify(each.operator)} is not a valid label selector operator`);
    }
    return requirement(each.key, operator, each.values ?? []);
  });
  return sortByKey([...labels, ...expressions]);
}

/** A map of labels that must all be there (Services, ReplicationControllers, nodeSelector). Not checked. */
export function selectorOfMap(labels: Labels): Selector {
  return sortByKey(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

/** The text that parseSelector reads: `app=web,tier in (a,b),!old`. */
export function formatSelector(selector: Selector): string {
  return selector.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const list = values.toSorted().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}
