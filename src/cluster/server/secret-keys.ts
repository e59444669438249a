/**
 * The keys under which Secrets lie on the disk: `pki/secrets-keys.json`, the current one first, older ones
 * only while something is still sealed with them.
 *
 * Rotation: the new key is written down before it is used, every Secret is written again, and only then the
 * old keys go. Whenever that is cut short, the file holds all keys that are needed, and the next start or
 * rotation finishes it.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { timestamp, type Clock } from '../../base/clock.ts';
import { readTextIfPresent, writeFileDurably } from '../../base/file.ts';
import type { Random } from '../../base/random.ts';
import { UserError } from '../../cli/user-error.ts';
import type { ValueCodec } from '../../store/journal/journal.ts';
import { sealedCodec, type SealingKey, type SealingKeys } from '../../store/sealed-codec.ts';
import { ConflictError, type Store } from '../../store/store.ts';

const secretsPrefix = 'core/secrets/';
/** No group begins with `!`: no object lies here. */
const markerKey = '!secrets/rotated';

interface KeyRecord {
  readonly id: string;
  readonly created: string;
  /** base64 */
  readonly secret: string;
}

export interface SecretKeysOptions {
  /** The folder `pki`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class SecretKeys implements SealingKeys {
  readonly path: string;
  readonly codec: ValueCodec;
  readonly #options: SecretKeysOptions;
  #records: readonly KeyRecord[];
  #isNew: boolean;
  #keys: ReadonlyMap<string, SealingKey>;

  /** Reads the keys; makes the first one when there is no file. */
  constructor(options: SecretKeysOptions) {
    this.#options = options;
    this.path = join(options.folder, 'secrets-keys.json');
    this.#records = read(this.path);
    this.#keys = keysOf(this.#records);
    this.#isNew = this.#records.length === 0;
    if (this.#isNew) this.#save([this.#make()]);
    // Whatever a copy or a backup made of it.
    else chmodSync(this.path, 0o600);
    this.codec = sealedCodec({
      keys: this,
      prefixes: [secretsPrefix],
      randomBytes: (length) => options.random.bytes(length),
    });
  }

  get current(): SealingKey {
    const [first] = this.#keys.values();
    if (first === undefined) throw new UserError(`${this.path} holds no key`);
    return first;
  }

  find(id: string): SealingKey | undefined {
    return this.#keys.get(id);
  }

  /** Something may lie there under another key, or under none: a rotation was cut short, or the key is new. */
  get isUnfinished(): boolean {
    return this.#isNew || this.#records.length > 1;
  }

  /** A new key from now on; everything under the old ones is written again. Resolves to the number of Secrets. */
  async rotate(store: Store): Promise<number> {
    this.#save([this.#make(), ...this.#records]);
    return this.finish(store);
  }

  /** Writes every Secret under the current key, then forgets the others. */
  async finish(store: Store): Promise<number> {
    const kept = this.current.id;
    // Writes that were under way when the key changed are sealed with the old one. Once this one is durable they
    // are, too, and are among those that are written again.
    const value = Object.freeze({ key: kept });
    await store.commit([{ type: 'put', key: markerKey, value, bytes: encode(value), expect: 'any' }]);
    const count = await rewrite(store);
    this.#save(this.#records.filter(({ id }) => id === kept));
    this.#isNew = false;
    return count;
  }

  #make(): KeyRecord {
    const { clock, random } = this.#options;
    const bytes = Buffer.from(random.bytes(32));
    return { id: random.uuid(), created: timestamp(clock.now()), secret: bytes.toString('base64') };
  }

  #save(records: readonly KeyRecord[]): void {
    writeFileDurably(this.path, `${JSON.stringify({ version: 1, keys: records }, null, 2)}\n`, 0o600);
    this.#records = records;
    this.#keys = keysOf(records);
  }
}

const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Writes what is there as it is: the journal seals it anew. Who changed it meanwhile has sealed it anew, too. */
async function rewrite(store: Store): Promise<number> {
  const keys = store.range(secretsPrefix).entries.map(({ key }) => key);
  let count = 0;
  for (const key of keys) {
    const entry = store.get(key);
    if (entry === undefined) continue;
    try {
      const { value, bytes, revision } = entry;
      await store.commit([{ type: 'put', key, value, bytes, expect: revision }]);
      count += 1;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  return count;
}

function read(path: string): readonly KeyRecord[] {
  const text = readTextIfPresent(path);
  if (text === undefined) return [];
  const { keys } = parse(text, path) as { readonly keys?: readonly KeyRecord[] };
  const valid = Array.isArray(keys) && keys.length > 0 && keys.every(isKey);
  if (!valid) throw damaged(path);
  return keys;
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw damaged(path);
  }
}

function isKey(key: Partial<KeyRecord>): boolean {
  return (
    typeof key.id === 'string' && typeof key.secret === 'string' && Buffer.from(key.secret, 'base64').length === 32
  );
}

function damaged(path: string): UserError {
  return new UserError(`${path} does not hold keys`, 'restore it from a backup: without it no Secret can be read');
}

function keysOf(records: readonly KeyRecord[]): ReadonlyMap<string, SealingKey> {
  return new Map(records.map(({ id, secret }) => [id, { id, secret: Buffer.from(secret, 'base64') }]));
}
