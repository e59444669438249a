/** Committed values whose object is parsed when first asked for: most of what a restart loads never is. */
import type { Entry, Key, Revision } from './store.ts';

export interface StoredEntryFields {
  readonly key: Key;
  readonly value?: object | undefined;
  readonly bytes: Uint8Array;
  readonly created: Revision;
  readonly revision: Revision;
  readonly slot: number;
}

export class StoredEntry implements Entry {
  readonly key: Key;
  readonly bytes: Uint8Array;
  readonly created: Revision;
  readonly revision: Revision;
  /** The journal's number for the key while it lives; a key that is created again gets a new one. */
  readonly slot: number;
  #value: object | undefined;

  constructor(fields: StoredEntryFields) {
    this.key = fields.key;
    this.bytes = fields.bytes;
    this.created = fields.created;
    this.revision = fields.revision;
    this.slot = fields.slot;
    this.#value = fields.value;
  }

  get value(): object {
    this.#value ??= deepFreeze(JSON.parse(decoder.decode(this.bytes)) as object);
    return this.#value;
  }
}

const decoder = new TextDecoder();

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value))
    if (typeof child === 'object' && child !== null) deepFreeze(child as object);
  return Object.freeze(value);
}
