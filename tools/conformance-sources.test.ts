/** The conformance bodies are only worth what they rest on: each assertion says which upstream file or page it is from. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../test/conformance/', import.meta.url);
const source = /^\s*\/\/ (?:(?:apiserver|apimachinery|apiextensions-apiserver|kubernetes)\/\S+ \S|docs: |RFC \d)/;
const begins = /^\s*test\(|^\s*\]\)\(|^\s*test\.each/;

/** Lines with assertions above which, in the same test, nobody has said where they are from. */
function unsourced(text: string): number[] {
  let known = false;
  return text.split('\n').flatMap((line, index) => {
    if (begins.test(line)) known = false;
    if (source.test(line)) known = true;
    return /\bexpect\(/.test(line) && !known ? [index + 1] : [];
  });
}

test.each(readdirSync(folder).filter((name) => name.endsWith('.test.ts')))('%s', (name) => {
  expect(unsourced(readFileSync(new URL(name, folder), 'utf8'))).toEqual([]);
});

test('an assertion without a source is found, also where the test before had one', () => {
  const first = ["test('a', () => {", '  // docs: Page, section', '  expect(1).toBe(1);', '});'];
  const second = ["test('b', () => {", '  // of no importance', '  expect(2).toBe(2);', '});'];
  expect(unsourced([...first, ...second].join('\n'))).toEqual([7]);
});
