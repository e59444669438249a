/**
 * Reads a Corefile: server blocks with directives in braces.
 *
 *     example.org:1053 {
 *         forward . 192.0.2.1 {
 *             policy sequential
 *         }
 *     }
 *
 * Words are separated by blanks, may be quoted, and end at `#`. What directives mean is not known here.
 */

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Directive[];
  readonly line: number;
}

export interface ServerBlock {
  readonly zones: readonly { readonly zone: string; readonly port: number }[];
  readonly directives: readonly Directive[];
  readonly line: number;
}

/** Names file and line, and what was expected there. */
export class CorefileError extends Error {
  override readonly name = 'CorefileError';

  constructor(message: string, line: number) {
    super(`Corefile:${line} - Error during parsing: ${message}`);
  }
}

const defaultPort = 53;

export function parseCorefile(text: string): readonly ServerBlock[] {
  const blocks: ServerBlock[] = [];
  const lines = new Lines(text);
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const opens = line.words.at(-1) === '{';
    const keys = (opens ? line.words.slice(0, -1) : line.words)
      .flatMap((word) => word.split(','))
      .filter((key) => key !== '');
    if (keys.length === 0)
      throw new CorefileError(`Unexpected '${line.words[0] ?? ''}' where a zone was expected`, line.number);
    if (!opens) throw new CorefileError(`Expected '{' after the zones of a server block`, line.number);
    blocks.push({
      zones: keys.map((key) => zoneOf(key, line.number)),
      directives: readBlock(lines, line.number),
      line: line.number,
    });
  }
  return blocks;
}

interface Line {
  readonly words: readonly string[];
  readonly number: number;
}

class Lines {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text
      .split('\n')
      .map((line, at) => ({ words: wordsOf(line, at + 1), number: at + 1 }))
      .filter(({ words }) => words.length > 0);
  }

  next(): Line | undefined {
    const line = this.#lines[this.#at];
    this.#at += 1;
    return line;
  }
}

function wordsOf(line: string, number: number): readonly string[] {
  const words: string[] = [];
  const pattern = /\s+|#.*|"((?:[^"\\]|\\.)*)"|([^\s"#][^\s]*)|(.)/gy;
  for (const [whole, quoted, plain, wrong] of line.matchAll(pattern)) {
    if (wrong !== undefined) throw new CorefileError(`Unexpected '${wrong}'`, number);
    if (quoted !== undefined) words.push(quoted.replaceAll(/\\(.)/g, '$1'));
    else if (plain !== undefined) words.push(plain);
    else if (whole.startsWith('#')) break;
  }
  return words;
}

function readBlock(lines: Lines, opened: number): readonly Directive[] {
  const directives: Directive[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const [name = '', ...rest] = line.words;
    if (name === '}') {
      if (rest.length > 0) throw new CorefileError(`Unexpected '${rest[0] ?? ''}' after '}'`, line.number);
      return directives;
    }
    const opens = rest.at(-1) === '{';
    const args = opens ? rest.slice(0, -1) : rest;
    directives.push({ name, args, block: opens ? readBlock(lines, line.number) : [], line: line.number });
  }
  throw new CorefileError(`Unexpected EOF: the block has no closing '}'`, opened);
}

/** `.`, `example.org`, `example.org:1053`, `dns://.:53`, or a network such as `10.0.0.0/24`. */
function zoneOf(key: string, line: number): ServerBlock['zones'][number] {
  const match = /^(?:dns:\/\/)?([^:]*)(?::(\d+))?$/.exec(key);
  if (match === null) {
    const scheme = /^(\w+):\/\//.exec(key)?.[1];
    const what = scheme === undefined ? `'${key}' is no zone` : `the transport '${scheme}' is not supported, only dns`;
    throw new CorefileError(what, line);
  }
  const [, name = '', port = String(defaultPort)] = match;
  return { zone: normalizeZone(name), port: Number(port) };
}

/** Lower case, without the dot at the end; an octet-aligned network becomes its reverse zone. */
export function normalizeZone(name: string): string {
  const network = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(8|16|24|32)$/.exec(name);
  if (network !== null) {
    const octets = network.slice(1, 1 + Number(network[5]) / 8);
    return `${octets.toReversed().join('.')}.in-addr.arpa`;
  }
  return name.toLowerCase().replace(/\.$/, '');
}

/** `30`, `30s`, `500ms`, `1m30s`, `1h` to milliseconds; undefined when it is none of them. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(number) * (units[unit ?? ''] ?? 0);
  return total;
}
