/**
 * Which entries of a layer's tar may be unpacked, and as what. Pure.
 *
 *   etc/.wh.passwd        -> a whiteout: character device 0:0 named etc/passwd
 *   etc/.wh..wh..opq      -> the folder etc again, marked opaque
 *   ../x, a/../../x       -> refused
 *   a -> /etc, then a/b   -> refused: it would be written outside the root
 *   a kind of entry that is not known here (GNU's old form of sparse files, say) -> refused
 *   hard link to ../x     -> refused
 */
import { ContentError } from './manifest.ts';

const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** Longest path that the kernel takes, and most links that it follows. */
const maxPath = 4095;
const maxLinks = 40;
/** The real name of a file with holes. */
const sparseName = 'GNU.sparse.name';
const nameRecords: ReadonlySet<string> = new Set(['path', 'linkpath', sparseName]);
const overlayRecord = /^SCHILY\.xattr\.(?:trusted|user)\.overlay\./;
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
    if (header.type === null) throw new ContentError(`layer entry ${quoted(header.name)} is of a kind unknown here`);
    const path = insideRoot(header.pax?.[sparseName] ?? header.name, 'entry');
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

  /** Throws when symbolic links on the way to `path` lead out of the root, however many there are. */
  #checkParents(path: string, original: string): void {
    if (this.#links.size === 0) return;
    const todo = path.split('/').slice(0, -1);
    const folder: string[] = [];
    let followed = 0;
    for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        folder.pop();
        continue;
      }
      folder.push(part);
      const link = this.#links.get(folder.join('/'));
      if (link === undefined) continue;
      folder.pop();
      followed += 1;
      if (leavesRoot(folder, link) || followed > maxLinks) {
        throw new ContentError(
          `layer entry ${quoted(original)} would be unpacked outside the root through a symbolic link to ${quoted(link)}`,
        );
      }
      todo.unshift(...link.split('/'));
    }
  }
}

/** The path without leading `/` and `.` parts; throws on `..`. */
function insideRoot(name: string, what: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0')) {
    throw new ContentError(`layer ${what} ${quoted(name)} is outside of the root`);
  }
  const path = parts.join('/');
  if (Buffer.byteLength(path) > maxPath) {
    throw new ContentError(`layer ${what} ${quoted(name)} has a path of more than ${maxPath} bytes`);
  }
  return path;
}

/** For messages: names come from strangers. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
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
    throw new ContentError(`layer whiteout ${quoted(header.name)} is outside of the root`);
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

/**
 * Without the records that would win over the cleaned name, and without what only overlayfs itself may say: where
 * another layer's content is to be taken from.
 */
function withoutPathPax(header: EntryHeader): EntryHeader {
  if (header.pax === undefined || header.pax === null) return header;
  const rest = Object.fromEntries(
    Object.entries(header.pax).filter(([key]) => !nameRecords.has(key) && !overlayRecord.test(key)),
  );
  const { pax: _pax, ...plain } = header;
  return Object.keys(rest).length === 0 ? plain : { ...plain, pax: rest };
}

function withPax(header: EntryHeader, records: Readonly<Record<string, string>>): EntryHeader {
  return { ...header, pax: { ...header.pax, ...records } };
}
