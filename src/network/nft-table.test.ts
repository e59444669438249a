/** What transactions hold. That the kernel takes them is shown by the root tests. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { KernelTable, Nft } from './nft.ts';
import { NftTable, type TableDefinition } from './nft-table.ts';

const definition: TableDefinition = {
  name: 't',
  sets: { fronts: { kind: 'map', body: 'typeof ip daddr : verdict;' }, seen: { kind: 'set', body: 'type ipv4_addr;' } },
  chains: { base: ['type nat hook prerouting priority dstnat; policy accept;', 'ip daddr vmap @fronts'] },
  parts: (name) => (name.startsWith('pick-') ? [`dnat ip to numgen random mod ${name.slice(5)} map @targets`] : []),
};
let table: NftTable;

function applied(): string {
  const change = table.change();
  change.commit();
  return change.script;
}

const front = (key: string, value: string) => ({ set: 'fronts', key, value });

beforeEach(() => {
  table = new NftTable(definition);
  applied();
});

describe('a transaction', () => {
  it('makes everything at first, replacing what was there', () => {
    const script = new NftTable(definition).change().script;
    expect(script.split('\n').slice(0, 3)).toEqual(['add table inet t', 'delete table inet t', 'add table inet t']);
    expect(script).toContain('add map inet t fronts { typeof ip daddr : verdict; }');
  });

  it('holds only what differs', () => {
    table.replace('a', [front('10.0.0.1', 'goto pick-2'), front('10.0.0.2', 'accept')]);
    expect(applied()).toContain('add element inet t fronts { 10.0.0.1 : goto pick-2, 10.0.0.2 : accept }');
    table.replace('a', [front('10.0.0.1', 'goto pick-2'), front('10.0.0.2', 'drop')]);
    expect(applied()).toBe(
      'delete element inet t fronts { 10.0.0.2 }\nadd element inet t fronts { 10.0.0.2 : drop }\n',
    );
    expect(applied()).toBe('');
  });

  it('is empty when a change is taken back before it is applied', () => {
    table.replace('a', [front('10.0.0.1', 'accept')]);
    table.replace('a', []);
    expect(applied()).toBe('');
  });

  it('makes a chain with the first element that names it, once', () => {
    table.replace('a', [front('10.0.0.1', 'goto pick-2')]);
    expect(applied()).toContain('chain pick-2 {');
    table.replace('b', [front('10.0.0.2', 'goto pick-2')]);
    expect(applied()).not.toContain('chain');
  });

  it('that failed is tried again with everything in it', () => {
    table.replace('a', [front('10.0.0.1', 'accept')]);
    const failed = table.change();
    table.replace('a', [front('10.0.0.1', 'drop')]);
    failed.rollback();
    expect(applied()).toBe('add element inet t fronts { 10.0.0.1 : drop }\n');
  });

  it('takes in what changes while another is under way', () => {
    table.replace('a', [front('10.0.0.1', 'accept')]);
    const first = table.change();
    table.replace('a', [front('10.0.0.1', 'drop')]);
    first.commit();
    expect(applied()).toBe(
      'delete element inet t fronts { 10.0.0.1 }\nadd element inet t fronts { 10.0.0.1 : drop }\n',
    );
  });
});

describe('two owners of one key', () => {
  it('the first by name has it, the other gets it afterwards', () => {
    table.replace('b', [front('10.0.0.1', 'drop')]);
    table.replace('a', [front('10.0.0.1', 'accept')]);
    expect(applied()).toBe('add element inet t fronts { 10.0.0.1 : accept }\n');
    expect([...table.conflicts()]).toEqual([['fronts 10.0.0.1', ['b']]]);
    table.replace('a', []);
    expect(applied()).toContain('add element inet t fronts { 10.0.0.1 : drop }');
    expect(table.conflicts().size).toBe(0);
  });
});

describe('a check', () => {
  const kernel = (held: KernelTable | undefined): Nft => ({
    apply: () => Promise.resolve(),
    readTable: () => Promise.resolve(held),
    readSet: () => Promise.resolve(undefined),
    hasSet: () => Promise.resolve(held !== undefined),
  });
  const whole = (elements: Record<string, Record<string, string>>, rules = 1): KernelTable => ({
    elements: new Map(
      Object.entries({ [table.marker]: {}, seen: {}, ...elements }).map(([set, each]) => [
        set,
        new Map(Object.entries(each)),
      ]),
    ),
    rules: new Map([['base', rules]]),
  });

  beforeEach(() => {
    table.replace('a', [front('10.0.0.1', 'accept')]);
    applied();
  });

  it('finds nothing when the kernel holds what is wanted', async () => {
    expect(await table.verify(kernel(whole({ fronts: { '10.0.0.1': 'accept' } })))).toBe(false);
    expect(applied()).toBe('');
  });

  it('finds what is missing, too much, or different', async () => {
    expect(await table.verify(kernel(whole({ fronts: { '10.0.0.9': 'drop' } })))).toBe(true);
    expect(applied()).toBe(
      'delete element inet t fronts { 10.0.0.9 }\nadd element inet t fronts { 10.0.0.1 : accept }\n',
    );
  });

  it.each([
    ['the table is gone', () => undefined],
    ['rules are gone', () => whole({ fronts: { '10.0.0.1': 'accept' } }, 0)],
  ])('replaces everything when %s', async (_, held) => {
    expect(await table.verify(kernel(held()))).toBe(true);
    expect(applied()).toContain('delete table inet t');
  });
});
