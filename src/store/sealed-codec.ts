/**
 * Values that nobody reads from the disk: AES-256-GCM, under keys that lie elsewhere.
 *
 * A sealed record is
 *
 *     00 's' 'e' 1 | length of the key's id | id | nonce (12) | tag (16) | ciphertext
 *
 * and authenticates the store's key, so that a record can't be passed off as another one. Values that are not
 * sealed are JSON, which never begins with 00: they are returned as they are.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { ValueCodec } from './journal/journal.ts';
import { StorageError, type Key } from './store.ts';

export interface SealingKey {
  /** At most 255 ASCII characters. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Keys as they are now: rotation changes them while the store is open. */
export interface SealingKeys {
  /** With which new values are sealed. */
  readonly current: SealingKey;
  find(id: string): SealingKey | undefined;
}

export interface SealedCodecOptions {
  readonly keys: SealingKeys;
  /** Store keys that begin so are sealed. */
  readonly prefixes: readonly string[];
  readonly randomBytes: (length: number) => Uint8Array;
}

const mark = Buffer.from([0, 0x73, 0x65, 1]);
const nonceLength = 12;
const tagLength = 16;

export function sealedCodec({ keys, prefixes, randomBytes }: SealedCodecOptions): ValueCodec {
  return {
    seal(key, bytes) {
      if (!prefixes.some((prefix) => key.startsWith(prefix))) return bytes;
      const { id, secret } = keys.current;
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(key));
      const hidden = [cipher.update(bytes), cipher.final()];
      const name = Buffer.from(id, 'latin1');
      return Buffer.concat([mark, Buffer.from([name.length]), name, nonce, cipher.getAuthTag(), ...hidden]);
    },
    open: (key, bytes) => (bytes[0] === 0 ? opened(keys, key, Buffer.from(bytes)) : bytes),
  };
}

/** The id of the key under which a record is sealed; undefined for one that is not. */
export function sealedUnder(bytes: Uint8Array): string | undefined {
  const record = Buffer.from(bytes);
  if (!record.subarray(0, mark.length).equals(mark)) return undefined;
  const at = mark.length + 1;
  return record.subarray(at, at + (record[mark.length] ?? 0)).toString('latin1');
}

function opened(keys: SealingKeys, key: Key, record: Buffer): Uint8Array {
  const id = sealedUnder(record);
  if (id === undefined) throw new StorageError(`${key} is sealed in a way that this version does not know`);
  const found = keys.find(id);
  if (found === undefined) {
    throw new StorageError(`${key} is sealed with the key ${JSON.stringify(id)}, which is not among the keys at hand`);
  }
  const at = mark.length + 1 + id.length;
  const nonce = record.subarray(at, at + nonceLength);
  const tag = record.subarray(at + nonceLength, at + nonceLength + tagLength);
  try {
    const decipher = createDecipheriv('aes-256-gcm', found.secret, nonce, { authTagLength: tagLength });
    decipher.setAAD(Buffer.from(key)).setAuthTag(tag);
    return Buffer.concat([decipher.update(record.subarray(at + nonceLength + tagLength)), decipher.final()]);
  } catch (error) {
    throw new StorageError(`${key} can't be opened: the record was changed, or belongs to another object`, {
      cause: error,
    });
  }
}
