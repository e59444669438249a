/** What crash-writer.ts was told is durable, and whether a store has it. */
import assert from 'node:assert/strict';
import type { Key, Revision, Store } from '../store.ts';

interface Acknowledged {
  readonly revision: Revision;
  /** The `n` of the value, or `deleted`. */
  readonly value: string;
}

export class Acknowledgements {
  readonly #last = new Map<Key, Acknowledged>();
  readonly #revisions = new Map<Revision, string>();
  highest: Revision = 0;

  /** Reads a line of the writer; no revision may be acknowledged twice. */
  note(line: string): void {
    const [key = '', revisionText = '', value = ''] = line.split(' ');
    if (key === 'opened' || value === '') return;
    const revision = Number(revisionText);
    assert.equal(this.#revisions.get(revision), undefined, `revision ${revision} was used twice`);
    this.#revisions.set(revision, line);
    this.highest = Math.max(this.highest, revision);
    if ((this.#last.get(key)?.revision ?? 0) < revision) this.#last.set(key, { revision, value });
  }

  get count(): number {
    return this.#revisions.size;
  }

  /** Each key is as last acknowledged, or as the one write left it that was under way then. */
  check(store: Store): void {
    assert.ok(store.revision >= this.highest, `revision ${store.revision} is behind the acknowledged ${this.highest}`);
    for (const [key, { revision, value }] of this.#last) {
      const entry = store.get(key);
      const found = entry === undefined ? 'deleted' : String((entry.value as { n: number }).n);
      const asAcknowledged = found === value && (entry === undefined || entry.revision === revision);
      const asUnderWay = nextValues(key, value).includes(found) && (entry === undefined || entry.revision > revision);
      assert.ok(
        asAcknowledged || asUnderWay,
        `${key} was ${value} at ${revision}, and is ${found} at ${entry?.revision}`,
      );
    }
  }
}

/** What the writer does next with the key: twenty steps on, or, started anew, from the beginning. */
function nextValues(key: Key, value: string): string[] {
  const first = Number(key.split('/')[1]);
  // A deletion does not tell its step, so any may follow it.
  const steps =
    value === 'deleted' ? Array.from({ length: 5000 }, (_, n) => first + n * 20) : [Number(value) + 20, first];
  return steps.map((n) => (n % 7 === 6 ? 'deleted' : String(n)));
}
