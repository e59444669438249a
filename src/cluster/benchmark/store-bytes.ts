/** Whether Secrets can be read from the database's files by who has no key: its raw bytes are searched. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../api/core/secret.ts';
import { readTextIfPresent } from '../../base/file.ts';
import type { StoreFacts } from '../../benchmark/facts.ts';
import type { Layout } from '../layout.ts';

/** Shorter values are found anywhere by chance. */
const shortest = 12;
/** What sealed records begin with: see store/sealed-codec.ts. */
const mark = Buffer.from([0, 0x73, 0x65, 1]);

export async function storeFacts(layout: Layout, secrets: readonly Secret[]): Promise<StoreFacts> {
  const needles = secrets.flatMap(({ metadata, data = {} }) => {
    const longest = Object.values(data).toSorted((a, b) => b.length - a.length)[0] ?? '';
    return longest.length < shortest
      ? []
      : [{ name: `${metadata.namespace}/${metadata.name}`, bytes: Buffer.from(longest) }];
  });
  const found = new Set<string>();
  let sealed = 0;
  for (const file of ['state.db', 'state.db-wal']) {
    const path = join(layout.store, file);
    if (!existsSync(path)) continue;
    const overlap = Math.max(mark.length, ...needles.map(({ bytes }) => bytes.length)) - 1;
    for await (const { piece, fresh } of pieces(path, overlap)) {
      for (const { name, bytes } of needles) if (!found.has(name) && piece.includes(bytes)) found.add(name);
      for (let at = piece.indexOf(mark, fresh); at >= 0; at = piece.indexOf(mark, at + 1)) sealed += 1;
    }
  }
  return { searched: needles.length, inPlainText: [...found], sealed, keyBits: keyBits(layout) };
}

/** The file in pieces that overlap; before `fresh` no mark begins that was not in the piece before. */
async function* pieces(
  path: string,
  overlap: number,
): AsyncGenerator<{ readonly piece: Buffer; readonly fresh: number }> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const piece = Buffer.concat([rest, chunk as Buffer]);
    yield { piece, fresh: Math.max(0, rest.length - mark.length + 1) };
    rest = piece.subarray(Math.max(0, piece.length - overlap));
  }
}

function keyBits(layout: Layout): number {
  const text = readTextIfPresent(join(layout.pki, 'secrets-keys.json'));
  if (text === undefined) return 0;
  const { keys = [] } = JSON.parse(text) as { readonly keys?: readonly { readonly secret: string }[] };
  return Buffer.from(keys[0]?.secret ?? '', 'base64').length * 8;
}
