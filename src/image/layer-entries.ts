/**
 * Which entries of a layer's tar may be unpacked, and as what. Pure.
 *
 *   etc/.wh.passwd        -> a whiteout: character device 0:0 named etc/passwd
 *   etc/.wh..wh..opq      -> the folder etc again, marked opaque
 *   ../x, a/../../x       -> refused
 *   a -> /etc, then a/b   -> refused: it would be written outside the root
 *   hard link to ../x     -> refused
 */
import { ContentError } from './manifest.ts';

const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
const opaquePax = 'SCHILY.xattr.trusted.overlay.opaque';

/** A tar entry's header: what tar-stream gives and takes. */
export interface EntryHeader {
  readonly name: string;
  readonly type?: string | null;
  readonly linkname?: string | null;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: Date;
  readonly devmajor?: number;
  readonly devminor?: number;
  readonly pax?: Readonly<Record<string, string>> | null;
}

export class LayerEntries {
  /** Symbolic links of this layer by path, to tell where later entries would end up. */
  readonly #links = new Map<string, string>();
  readonly #folders = new Map<string, EntryHeader>();
  readonly #maxEntries: number;
  #count = 0;

  constructor(maxEntries = 2_000_000) {
    this.#maxEntries = maxEntries;
  }

  /** What to write for this entry, or undefined to leave it out. Throws ContentError for what must not be unpacked. */
  accept(header: EntryHeader): EntryHeader | undefined {
    this.#count += 1;
    if (this.#count > this.#maxEntries) throw new ContentError(`layer has more than ${this.#maxEntries} entries`);
    const path = insideRoot(header.name, 'entry');
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(0, slash));
    const base = path.slice(slash + 1);
    this.#checkParents(path, header.name);
    if (base === opaqueName) return this.#opaque(folder);
    if (base.startsWith(whiteoutPrefix)) return whiteout(header, folder, base.slice(whiteoutPrefix.length));
    const clean = withoutPathPax({ ...header, name: path === '' ? './' : path });
    return this.#remember(clean, path);
  }

  #remember(header: EntryHeader, path: string): EntryHeader {
    this.#links.delete(path);
    if (header.type === 'symlink') {
      this.#links.set(path, header.linkname ?? '');
    } else if (header.type === 'link') {
      const target = insideRoot(header.linkname ?? '', `hard link ${path} to`);
      this.#checkParents(target, header.linkname ?? '');
      return { ...header, linkname: target };
    } else if (header.type === 'directory') {
      const opaque = this.#folders.get(path)?.pax?.[opaquePax];
      const folder = opaque === undefined ? header : withPax(header, { [opaquePax]: opaque });
      this.#folders.set(path, folder);
      return folder;
    }
    return header;
  }

  #opaque(folder: string): EntryHeader {
    const known = this.#folders.get(folder) ?? { name: folder, type: 'directory', mode: 0o755, uid: 0, gid: 0 };
    const marked = withPax(known, { [opaquePax]: 'y' });
    this.#folders.set(folder, marked);
    return marked;
  }

  /** Throws when a symbolic link on the way to `path` leads out of the root. */
  #checkParents(path: string, original: string): void {
    if (this.#links.size === 0) return;
    const parts = path.split('/').slice(0, -1);
    for (let at = 1; at <= parts.length; at += 1) {
      const link = this.#links.get(parts.slice(0, at).join('/'));
      if (link !== undefined && leavesRoot(parts.slice(0, at - 1), link)) {
        throw new ContentError(
          `layer entry ${JSON.stringify(original)} would be unpacked outside the root through a symbolic link to ${JSON.stringify(link)}`,
        );
      }
    }
  }
}

/** The path without leading `/` and `.` parts; throws on `..`. */
function insideRoot(name: string, what: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0')) {
    throw new ContentError(`layer ${what} ${JSON.stringify(name)} is outside of the root`);
  }
  return parts.join('/');
}

function leavesRoot(folder: readonly string[], target: string): boolean {
  if (target.startsWith('/')) return true;
  let depth = folder.length;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function whiteout(header: EntryHeader, folder: string, name: string): EntryHeader {
  const target = folder === '' ? name : `${folder}/${name}`;
  if (name === '' || name === '.' || name === '..') {
    throw new ContentError(`layer whiteout ${JSON.stringify(header.name)} is outside of the root`);
  }
  return {
    name: target,
    type: 'character-device',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    devmajor: 0,
    devminor: 0,
    ...(header.mtime === undefined ? {} : { mtime: header.mtime }),
  };
}

/** The long-name records would win over the cleaned name. */
function withoutPathPax(header: EntryHeader): EntryHeader {
  if (header.pax === undefined || header.pax === null) return header;
  const { path: _path, linkpath: _linkpath, ...rest } = header.pax;
  const { pax: _pax, ...plain } = header;
  return Object.keys(rest).length === 0 ? plain : { ...plain, pax: rest };
}

function withPax(header: EntryHeader, records: Readonly<Record<string, string>>): EntryHeader {
  return { ...header, pax: { ...header.pax, ...records } };
}
