/**
 * Reads the struct types out of a program that was built with Go: the run-time type information that
 * reflection uses, of which the tags say how Kubernetes' types look in JSON, protobuf and patches.
 * For 64-bit little-endian ELF files of Go 1.24 to 1.26.
 */
import { readFileSync } from 'node:fs';

/** One field of a Go struct. */
export interface GoField {
  readonly name: string;
  /** Such as `json:"name,omitempty" protobuf:"bytes,1,opt,name=name"`. */
  readonly tag: string;
  readonly embedded: boolean;
  readonly type: GoType;
}

export interface GoType {
  readonly kind: string;
  /** `k8s.io/api/core/v1.Pod`; empty when the type has no package. */
  readonly name: string;
  /** What a pointer points to, or a slice or map holds. */
  element?: GoType;
  fields?: readonly GoField[];
}

/** Every struct with a name, by package path and name. */
export function readGoStructs(path: string): ReadonlyMap<string, readonly GoField[]> {
  const reader = new TypeReader(new Image(readFileSync(path)));
  return new Map(
    reader
      .all()
      .flatMap(({ kind, name, fields }) => (kind === 'struct' && name !== '' && fields ? [[name, fields]] : [])),
  );
}

interface Section {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** The file, addressed as the program sees its memory. */
class Image {
  readonly bytes: Buffer;
  readonly sections: readonly Section[];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const [table, size, count] = [Number(bytes.readBigUInt64LE(40)), bytes.readUInt16LE(58), bytes.readUInt16LE(60)];
    const names = table + bytes.readUInt16LE(62) * size;
    const texts = Number(bytes.readBigUInt64LE(names + 24));
    this.sections = Array.from({ length: count }, (_, index) => {
      const at = table + index * size;
      const start = texts + bytes.readUInt32LE(at);
      return {
        name: bytes.toString('latin1', start, bytes.indexOf(0, start)),
        address: Number(bytes.readBigUInt64LE(at + 16)),
        offset: Number(bytes.readBigUInt64LE(at + 24)),
        // Sections without content (type 8) have none here either.
        size: bytes.readUInt32LE(at + 4) === 8 ? 0 : Number(bytes.readBigUInt64LE(at + 32)),
      };
    });
  }

  section(name: string): Section | undefined {
    return this.sections.find((each) => each.name === name);
  }

  /** Where in the file an address is. */
  offset(address: number): number {
    for (const { address: start, offset, size } of this.sections) {
      if (start !== 0 && address >= start && address < start + size) return address - start + offset;
    }
    throw new RangeError(`no section holds address ${address.toString(16)}`);
  }

  word(offset: number): number {
    return Number(this.bytes.readBigUInt64LE(offset));
  }

  /** A name: flags, length, text, and with flag 2 a second text. */
  name(address: number): { readonly text: string; readonly tag: string; readonly embedded: boolean } {
    let at = this.offset(address);
    const flags = this.bytes.readUInt8(at);
    at += 1;
    const read = (): string => {
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = this.bytes.readUInt8(at);
        at += 1;
        length += (byte % 128) * 2 ** shift;
        if (byte < 128) break;
      }
      at += length;
      return this.bytes.toString('utf8', at - length, at);
    };
    const text = read();
    return { text, tag: Math.floor(flags / 2) % 2 === 1 ? read() : '', embedded: Math.floor(flags / 8) % 2 === 1 };
  }
}

const kinds =
  ' bool int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 complex64 complex128 ' +
  'array chan func interface map pointer slice string struct unsafe';
const kindNames = kinds.split(' ');

/** Size of a type's own data, behind which its package is named. */
const typeSizes: Readonly<Record<string, number>> = {
  array: 72,
  chan: 64,
  func: 56,
  interface: 80,
  map: 112,
  pointer: 56,
  slice: 56,
  struct: 80,
};

/** Where a module's data keeps what is needed: first and last type, and the list of types. */
const moduleData = { types: 296, typesEnd: 304, links: 352, linkCount: 360 };

class TypeReader {
  readonly #image: Image;
  readonly #types: number;
  readonly #module: number;
  readonly #seen = new Map<number, GoType>();

  constructor(image: Image) {
    this.#image = image;
    this.#module = findModule(image);
    this.#types = image.word(this.#module + moduleData.types);
  }

  all(): readonly GoType[] {
    const links = this.#image.offset(this.#image.word(this.#module + moduleData.links));
    const count = this.#image.word(this.#module + moduleData.linkCount);
    for (let index = 0; index < count; index += 1) {
      this.#type(this.#types + this.#image.bytes.readInt32LE(links + index * 4));
    }
    return [...this.#seen.values()];
  }

  #type(address: number): GoType {
    const known = this.#seen.get(address);
    if (known !== undefined) return known;
    const { bytes } = this.#image;
    const at = this.#image.offset(address);
    const kind = kindNames[bytes.readUInt8(at + 23) % 32] ?? '';
    const type: GoType = { kind, name: this.#name(at, kind) };
    this.#seen.set(address, type);
    if (kind === 'pointer' || kind === 'slice') type.element = this.#type(this.#image.word(at + 48));
    if (kind === 'map') type.element = this.#type(this.#image.word(at + 56));
    if (kind === 'struct') type.fields = this.#fields(this.#image.word(at + 56), this.#image.word(at + 64));
    return type;
  }

  #name(at: number, kind: string): string {
    const { bytes } = this.#image;
    const flags = bytes.readUInt8(at + 20);
    // 1: data about the package follows; 4: the type has a name.
    if (flags % 2 === 0 || Math.floor(flags / 4) % 2 === 0) return '';
    const text = this.#image.name(this.#types + bytes.readInt32LE(at + 40)).text;
    const path = this.#image.name(this.#types + bytes.readInt32LE(at + (typeSizes[kind] ?? 48))).text;
    return `${path}.${text.slice(text.lastIndexOf('.') + 1)}`;
  }

  #fields(address: number, count: number): readonly GoField[] {
    if (count === 0) return [];
    const start = this.#image.offset(address);
    return Array.from({ length: count }, (_, index) => {
      const at = start + index * 24;
      const { text, tag, embedded } = this.#image.name(this.#image.word(at));
      return { name: text, tag, embedded, type: this.#type(this.#image.word(at + 8)) };
    });
  }
}

/** The module's data begins with the address of the table of program counters. */
function findModule(image: Image): number {
  const table = image.section('.gopclntab')?.address ?? Number.NaN;
  for (const name of ['.go.module', '.noptrdata', '.data']) {
    const section = image.section(name);
    if (section === undefined) continue;
    for (let at = section.offset; at < section.offset + section.size - 400; at += 8) {
      if (image.word(at) === table && image.word(at + moduleData.typesEnd) > image.word(at + moduleData.types))
        return at;
    }
  }
  throw new Error('this is no program built with Go');
}
