/**
 * Reads what a process of the suite prints, line by line. Pure.
 *
 *     • Failure [0.542 seconds]                     a block, up to a line of dashes, tells why
 *     [sig-auth] ServiceAccounts
 *     /source/test/e2e/auth/framework.go:23
 *       should do it [Conformance] [It]
 *       /source/test/e2e/framework/framework.go:629
 *
 *       Expected an error to have occurred.
 *     ------------------------------
 *     {"msg":"FAILED [sig-auth] ServiceAccounts should do it [Conformance]","total":1,...}
 *
 * PASSED comes as such a line, too, after dots that may stand before it; a test that skips itself has a block only.
 */

export interface TestResult {
  readonly name: string;
  /** `skipped`: by itself; `lost`: the process ended, or had to be ended, without telling. */
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'lost';
  /** Why, in lines; empty when it passed. */
  readonly detail: readonly string[];
}

const maxDetail = 12;
const maxLineLength = 400;

export class LogReader {
  #block: string[] | undefined;
  #lastBlock: readonly string[] = [];

  /** The result that this line completes. */
  read(line: string): TestResult | undefined {
    if (/^(?:• (?!\[SLOW)|S \[SKIPPING\])/.test(line)) {
      this.#block = [line];
      return undefined;
    }
    if (this.#block !== undefined) return this.#inBlock(line, this.#block);
    return this.#told(line);
  }

  #inBlock(line: string, block: string[]): TestResult | undefined {
    if (!/^-{20,}$/.test(line)) {
      block.push(line);
      return undefined;
    }
    this.#block = undefined;
    this.#lastBlock = block;
    if (!block[0]?.startsWith('S ')) return undefined;
    const { name, detail } = partsOf(block);
    return { name, outcome: 'skipped', detail };
  }

  #told(line: string): TestResult | undefined {
    const at = line.indexOf('{"msg":"');
    if (at === -1) return undefined;
    const [, outcome, name] = /^(PASSED|FAILED) (.*)$/s.exec(messageOf(line.slice(at))) ?? [];
    if (name === undefined) return undefined;
    if (outcome === 'PASSED') return { name, outcome: 'passed', detail: [] };
    const { detail } = partsOf(this.#lastBlock);
    this.#lastBlock = [];
    return { name, outcome: 'failed', detail: detail.length > 0 ? detail : ['the suite does not say why'] };
  }
}

function messageOf(text: string): string {
  try {
    const { msg } = JSON.parse(text) as { msg?: unknown };
    return typeof msg === 'string' ? msg : '';
  } catch {
    return ''; // A test's own output that looks like it.
  }
}

/** A block's head names the test, text and place by turns; what follows the first empty line tells why. */
function partsOf(block: readonly string[]): { readonly name: string; readonly detail: readonly string[] } {
  const end = block.findIndex((line, at) => at > 0 && line.trim() === '');
  const head = end === -1 ? block.slice(1) : block.slice(1, end);
  const name = head
    .filter((line) => !/^\s*\/\S+:\d+$/.test(line))
    .map((line) => line.trim().replace(/ \[(?:It|BeforeEach|AfterEach)\]$/, ''))
    .join(' ');
  const body = end === -1 ? [] : block.slice(end).filter((line) => line.trim() !== '');
  const indent = Math.min(...body.map((line) => /^\s*/.exec(line)?.[0].length ?? 0));
  const lines = body.map((line) => withoutFolders(line.slice(indent)));
  const last = lines.at(-1) ?? '';
  const shown = lines.length <= maxDetail ? lines : [...lines.slice(0, maxDetail - 2), '...', last];
  return {
    name,
    detail: shown.map((line) => (line.length > maxLineLength ? `${line.slice(0, maxLineLength)}...` : line)),
  };
}

/** Places in the source by their path in it. */
const withoutFolders = (line: string): string => line.replaceAll(/\/\S*?\/k8s\.io\/kubernetes\//g, '');

/** Whether two names are the same test: blocks lose blanks that names in the suite's list may have. */
export const sameTest = (one: string, other: string): boolean => normalised(one) === normalised(other);
const normalised = (name: string): string => name.replaceAll(/\s+/g, ' ').trim();
