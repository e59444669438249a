/**
 * One nftables table that we own: what it should hold, what the kernel holds, and the smallest transaction
 * from one to the other.
 *
 * Guarantees
 * - Elements are contributed by owners (a Service, a pod). When two owners want the same key, the one whose
 *   name sorts first has it and the other gets it when the first lets go; `conflicts` tells.
 * - A transaction holds only what differs from what the kernel holds, and one that fails is tried again with
 *   everything in it.
 * - `verify` compares with the kernel, so that foreign flushes and edits are healed.
 * - What the kernel refuses of one owner (`refuse`) is left out until that owner changes or `verify` is called, so that
 *   it does not hold up the others.
 *
 * Assumptions
 * - Base chains and declarations are fixed for one version of the program. The name of the marker set carries
 *   a hash of them: a table without it is replaced as a whole.
 * - Other chains are named after what they contain (`parts(name)` gives the rules), so a chain never changes.
 */
import { createHash } from 'node:crypto';
import { assert } from '../base/errors.ts';
import type { KernelTable, Nft } from './nft.ts';

/** A set or map without its elements, such as `typeof ip daddr : verdict;`. */
export interface SetDeclaration {
  readonly kind: 'set' | 'map';
  readonly body: string;
}

export interface TableDefinition {
  readonly name: string;
  readonly sets: Readonly<Record<string, SetDeclaration>>;
  /** Base chains and their helpers: name to lines. */
  readonly chains: Readonly<Record<string, readonly string[]>>;
  /** The rules of a chain that an element's verdict names, when it is none of `chains`. */
  readonly parts: (name: string) => readonly string[];
  /** Sets that are made when an element or a rule first names them; they stay until the table is replaced. */
  readonly extraSet?: (name: string) => SetDeclaration | undefined;
}

export interface Element {
  readonly set: string;
  readonly key: string;
  /** '' in a set. */
  readonly value: string;
}

interface Claim {
  readonly owner: string;
  readonly value: string;
}

export interface TableChange {
  /** '' when there is nothing to do. */
  readonly script: string;
  /** Elements that change. */
  readonly size: number;
  /** Call one of them: when the kernel has taken the script, or when it has not. */
  commit(): void;
  rollback(): void;
}

export class NftTable {
  readonly definition: TableDefinition;
  /** The set whose presence says that the table is ours and whole. */
  readonly marker: string;
  /** By set: who has the key. Only contested keys have an entry in #waiting. */
  readonly #claims = new Map<string, Map<string, Claim>>();
  readonly #waiting = new Map<string, Claim[]>();
  readonly #owned = new Map<string, readonly Element[]>();
  /** Keys whose kernel value (undefined: absent) may differ from what is wanted. */
  readonly #dirty = new Map<string, Map<string, string | undefined>>();
  readonly #chains = new Set<string>();
  /** Extra sets that the kernel has. */
  readonly #extras = new Set<string>();
  /** Owners whose elements the kernel would not take. */
  readonly #refused = new Set<string>();
  #whole = false;

  constructor(definition: TableDefinition) {
    this.definition = definition;
    const text = JSON.stringify([definition.sets, definition.chains]);
    this.marker = `version-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
    for (const set of Object.keys(definition.sets)) this.#claims.set(set, new Map());
  }

  /** Elements wanted in all sets. */
  get size(): number {
    let size = 0;
    for (const claims of this.#claims.values()) size += claims.size;
    return size;
  }

  /** Whether the kernel has the table, as far as is known. */
  get isMade(): boolean {
    return this.#whole;
  }

  /** Keys that more than one owner wants: `set key` to the owners that wait. */
  conflicts(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#waiting].map(([key, claims]) => [key, claims.map((claim) => claim.owner)]));
  }

  owners(): IterableIterator<string> {
    return this.#owned.keys();
  }

  elementsOf(owner: string): readonly Element[] {
    return this.#owned.get(owner) ?? [];
  }

  /** Replaces everything that `owner` contributes. */
  replace(owner: string, elements: readonly Element[]): void {
    this.#refused.delete(owner);
    const before = this.#owned.get(owner);
    if (before !== undefined) {
      const kept = new Set(elements.map(identity));
      for (const element of before) if (!kept.has(identity(element))) this.#release(owner, element);
    }
    for (const element of elements) this.#claim(owner, element);
    if (elements.length === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, elements);
  }

  /** Leaves out what `owner` wants, until it wants something else or the kernel was read again. */
  refuse(owner: string): void {
    this.#refused.add(owner);
  }

  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  /** Whose elements the next transaction adds. */
  changedOwners(): readonly string[] {
    const owners = new Set<string>();
    for (const [set, keys] of this.#dirty) {
      for (const key of keys.keys()) {
        const owner = this.#claims.get(set)?.get(key)?.owner;
        if (owner !== undefined && !this.#refused.has(owner)) owners.add(owner);
      }
    }
    return [...owners].sort();
  }

  /**
   * The transaction that brings the kernel to what is wanted, or to what `only` these owners want; what nobody wants is
   * taken away in either case. One at a time.
   */
  change(only?: ReadonlySet<string>): TableChange {
    const flight = this.#takeDirty(only);
    const chains = new Set<string>();
    const removed: Batch = new Map();
    const added: Batch = new Map();
    for (const [set, keys] of flight) {
      for (const [key, before] of keys) {
        const value = this.#claims.get(set)?.get(key)?.value;
        if (value === before) continue;
        if (before !== undefined) append(removed, set, key);
        if (value === undefined) continue;
        append(added, set, value === '' ? key : `${key} : ${value}`);
        const chain = chainIn(value);
        if (chain !== undefined && !this.#chains.has(chain)) this.#addChain(chain, chains);
      }
    }
    const extras = this.#newExtras(chains, added);
    const parts = [this.#whole ? '' : this.#declaration(), this.#extraText(extras), this.#chainText(chains)];
    parts.push(this.#elementText('delete', removed), this.#elementText('add', added));
    return {
      script: parts.join(''),
      size: count(removed) + count(added),
      commit: () => {
        this.#whole = true;
        for (const chain of chains) this.#chains.add(chain);
        for (const set of extras) this.#extras.add(set);
      },
      rollback: () => {
        for (const [set, keys] of flight) {
          const dirty = this.#dirtyOf(set);
          for (const [key, before] of keys) dirty.set(key, before);
        }
      },
    };
  }

  /** Reads the kernel's table; `change` then heals what differs. Returns whether anything does. */
  async verify(nft: Nft): Promise<boolean> {
    const kernel = await nft.readTable(this.definition.name);
    this.#dirty.clear();
    this.#refused.clear();
    this.#chains.clear();
    this.#extras.clear();
    this.#whole = kernel !== undefined && this.#isWhole(kernel);
    const { elements, rules }: KernelTable = this.#whole && kernel !== undefined ? kernel : emptyTable;
    for (const name of rules.keys()) this.#chains.add(name);
    for (const set of elements.keys()) if (this.#extra(set) !== undefined) this.#extras.add(set);
    for (const set of new Set([...this.#extras, ...this.#claims.keys()])) this.#compare(set, elements.get(set));
    return !this.#whole || this.#dirty.size > 0;
  }

  /** Keys that may differ. Those of owners that are left out stay dirty, and in the kernel as they are. */
  #takeDirty(only: ReadonlySet<string> | undefined): Map<string, Map<string, string | undefined>> {
    const isLeftOut = (owner: string | undefined): boolean =>
      owner !== undefined && (this.#refused.has(owner) || only?.has(owner) === false);
    const flight = new Map<string, Map<string, string | undefined>>();
    for (const [set, keys] of this.#dirty) {
      const claims = this.#claims.get(set);
      const taken = [...keys].filter(([key]) => !isLeftOut(claims?.get(key)?.owner));
      for (const [key] of taken) keys.delete(key);
      if (keys.size === 0) this.#dirty.delete(set);
      if (taken.length > 0) flight.set(set, new Map(taken));
    }
    return flight;
  }

  #isWhole({ elements, rules }: KernelTable): boolean {
    return elements.has(this.marker) && this.#chainsAreWhole(rules);
  }

  #compare(set: string, held: ReadonlyMap<string, string> | undefined): void {
    const claims = this.#claims.get(set);
    for (const [key, value] of held ?? []) if (claims?.get(key)?.value !== value) this.#mark(set, key, value);
    for (const key of claims?.keys() ?? []) if (held?.has(key) !== true) this.#mark(set, key, undefined);
  }

  #chainsAreWhole(rules: ReadonlyMap<string, number>): boolean {
    for (const [name, lines] of Object.entries(this.definition.chains)) {
      if (rules.get(name) !== lines.filter((line) => !isHook(line)).length) return false;
    }
    for (const [name, count] of rules) {
      if (!(name in this.definition.chains) && count !== this.definition.parts(name).length) return false;
    }
    return true;
  }

  #claim(owner: string, { set, key, value }: Element): void {
    const claims = this.#claimsOf(set);
    const holder = claims.get(key);
    const claim = { owner, value };
    if (holder === undefined || owner <= holder.owner) {
      if (holder !== undefined && holder.owner !== owner) this.#wait(set, key, holder);
      this.#unwait(set, key, owner);
      this.#set(set, key, claim);
    } else {
      this.#wait(set, key, claim);
    }
  }

  #claimsOf(set: string): Map<string, Claim> {
    let claims = this.#claims.get(set);
    if (claims !== undefined) return claims;
    assert(this.#extra(set) !== undefined, `table ${this.definition.name} has no set ${set}`);
    this.#claims.set(set, (claims = new Map()));
    return claims;
  }

  #extra(set: string): SetDeclaration | undefined {
    return set in this.definition.sets ? undefined : this.definition.extraSet?.(set);
  }

  /** Sets that rules or elements name and the kernel does not have yet. */
  #newExtras(chains: ReadonlySet<string>, added: Batch): ReadonlySet<string> {
    const extras = new Set<string>();
    const named = [...chains].flatMap((chain) => this.definition.parts(chain)).flatMap(setsIn);
    for (const set of [...named, ...added.keys()]) {
      if (!this.#extras.has(set) && this.#extra(set) !== undefined) extras.add(set);
    }
    return extras;
  }

  #extraText(sets: ReadonlySet<string>): string {
    const { name: table } = this.definition;
    return [...sets]
      .map((set) => {
        const { kind = 'set', body = '' } = this.#extra(set) ?? {};
        return `add ${kind} inet ${table} ${set} { ${body} }\n`;
      })
      .join('');
  }

  #release(owner: string, { set, key }: Element): void {
    const holder = this.#claims.get(set)?.get(key);
    if (holder?.owner !== owner) return this.#unwait(set, key, owner);
    const next = this.#waiting.get(`${set} ${key}`)?.[0];
    if (next !== undefined) this.#unwait(set, key, next.owner);
    this.#set(set, key, next);
  }

  #wait(set: string, key: string, claim: Claim): void {
    const at = `${set} ${key}`;
    const others = (this.#waiting.get(at) ?? []).filter((other) => other.owner !== claim.owner);
    this.#waiting.set(
      at,
      [...others, claim].sort((a, b) => (a.owner < b.owner ? -1 : 1)),
    );
  }

  #unwait(set: string, key: string, owner: string): void {
    const at = `${set} ${key}`;
    const others = this.#waiting.get(at)?.filter((other) => other.owner !== owner);
    if (others === undefined) return;
    if (others.length === 0) this.#waiting.delete(at);
    else this.#waiting.set(at, others);
  }

  #set(set: string, key: string, claim: Claim | undefined): void {
    const claims = this.#claims.get(set);
    const before = claims?.get(key)?.value;
    if (before !== claim?.value) this.#mark(set, key, before);
    if (claim === undefined) claims?.delete(key);
    else claims?.set(key, claim);
  }

  /** Remembers what the kernel holds, unless that is known from an earlier change. */
  #mark(set: string, key: string, before: string | undefined): void {
    const keys = this.#dirtyOf(set);
    if (!keys.has(key)) keys.set(key, before);
  }

  #dirtyOf(set: string): Map<string, string | undefined> {
    let keys = this.#dirty.get(set);
    if (keys === undefined) this.#dirty.set(set, (keys = new Map()));
    return keys;
  }

  /** Callees come first, so that a chain is there before it is named. */
  #addChain(name: string, chains: Set<string>): void {
    if (name in this.definition.chains || chains.has(name) || this.#chains.has(name)) return;
    for (const rule of this.definition.parts(name)) {
      const callee = chainIn(rule);
      if (callee !== undefined) this.#addChain(callee, chains);
    }
    chains.add(name);
  }

  #chainText(chains: ReadonlySet<string>): string {
    const { name: table, parts } = this.definition;
    return [...chains].map((chain) => chainBlock(table, chain, parts(chain))).join('');
  }

  #elementText(verb: 'add' | 'delete', batch: Batch): string {
    const { name } = this.definition;
    return [...batch].map(([set, items]) => `${verb} element inet ${name} ${set} { ${items.join(', ')} }\n`).join('');
  }

  /** Replaces whatever is there: `add` first, so that `delete` never fails. */
  #declaration(): string {
    const { name, sets, chains } = this.definition;
    const lines = [`add table inet ${name}`, `delete table inet ${name}`, `add table inet ${name}`];
    lines.push(`add set inet ${name} ${this.marker} { type mark; }`);
    for (const [set, { kind, body }] of Object.entries(sets)) lines.push(`add ${kind} inet ${name} ${set} { ${body} }`);
    // Chains are named by others before they are filled. A base chain is made with its hook, and nobody jumps to it.
    for (const [chain, rules] of Object.entries(chains)) {
      if (!rules.some(isHook)) lines.push(`add chain inet ${name} ${chain}`);
    }
    const blocks = Object.entries(chains).map(([chain, rules]) => chainBlock(name, chain, rules));
    return `${lines.join('\n')}\n${blocks.join('')}`;
  }
}

const emptyTable: KernelTable = { elements: new Map(), rules: new Map() };

type Batch = Map<string, string[]>;

function append(batch: Batch, set: string, item: string): void {
  const items = batch.get(set);
  if (items === undefined) batch.set(set, [item]);
  else items.push(item);
}

function count(batch: Batch): number {
  let total = 0;
  for (const items of batch.values()) total += items.length;
  return total;
}

/** The chain that a verdict or rule goes or jumps to. */
function chainIn(text: string): string | undefined {
  return /(?:^|\s)(?:goto|jump) ([\w-]+)/.exec(text)?.[1];
}

/** The sets that a rule looks into. */
function setsIn(rule: string): readonly string[] {
  return [...rule.matchAll(/@([a-z][\w-]*)/g)].map((match) => match[1] ?? '');
}

function identity({ set, key }: { readonly set: string; readonly key: string }): string {
  return `${set} ${key}`;
}

function chainBlock(table: string, chain: string, lines: readonly string[]): string {
  return `table inet ${table} {\n chain ${chain} {\n${lines.map((line) => `  ${line}\n`).join('')} }\n}\n`;
}

function isHook(line: string): boolean {
  return line.startsWith('type ');
}
