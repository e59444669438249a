/** Variables out of files that an init container left in a volume (fileKeyRef). */
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { ConfigurationReader } from '../container/environment.ts';
import type { PreparedVolumes } from '../volumes/volume.ts';

export function environmentFileKey(volumes: PreparedVolumes): ConfigurationReader['fileKey'] {
  return async (volume, path, key) => {
    const folder = volumes.get(volume)?.path;
    const inside = normalize(path);
    if (folder === undefined || inside.startsWith('..') || inside.startsWith('/')) return undefined;
    const text = await readFile(join(folder, inside), 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    });
    return parseEnvironmentFile(text).get(key);
  };
}

/** `NAME='value'` per line; values are in single quotes. */
export function parseEnvironmentFile(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(?:'([^']*)'|(.*))\s*$/.exec(line.trim());
    if (match !== null) values.set(match[1] ?? '', match[2] ?? match[3] ?? '');
  }
  return values;
}
