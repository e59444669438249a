/** Protobuf's wire format: reading forwards, writing backwards (so that lengths are known when they are due). */

/** The bytes are no message of the expected type. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** How a field's value is laid out. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export class Reader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.byteLength;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** A field's number and wire type, as number * 8 + type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffff_ffff) throw new ProtobufError(`proto: illegal tag ${Math.floor(tag / 8)}`);
    return tag;
  }

  /** A signed 64-bit integer; beyond 2^53 the nearest double. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 7; count += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return this.#longVarint(value);
  }

  #longVarint(low: number): number {
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new ProtobufError('proto: integer overflow');
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtobufError('unexpected EOF');
    const byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  double(): number {
    const start = this.#take(8);
    return this.#bytes.readDoubleLE(start);
  }

  string(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  base64(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.toString('base64', start, start + length);
  }

  /** The bytes themselves, not copied. */
  bytes(): Buffer {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Narrows the reader to the message that follows; give the result back to `leave`. */
  enter(): number {
    const length = this.varint();
    const start = this.#take(length);
    const outer = this.#end;
    this.#at = start;
    this.#end = start + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  skip(type: number): void {
    if (type === wire.varint) this.varint();
    else if (type === wire.fixed64) this.#take(8);
    else if (type === wire.bytes) this.#take(this.varint());
    else if (type === wire.fixed32) this.#take(4);
    else throw new ProtobufError(`proto: illegal wireType ${type}`);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#end) throw new ProtobufError('unexpected EOF');
    this.#at = start + length;
    return start;
  }
}

/** Grows towards the front: write the last field first, and a message's content before its length. */
export class Writer {
  #bytes: Buffer;
  #at: number;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#at = capacity;
  }

  /** How much has been written; the difference of two is the length of what lies between. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #room(size: number): void {
    if (this.#at >= size) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + size));
    this.#bytes.copy(grown, grown.length - used, this.#at);
    this.#at = grown.length - used;
    this.#bytes = grown;
  }

  tag(number: number, type: number): void {
    this.varint(number * 8 + type);
  }

  varint(value: number): void {
    if (value >= 0 && value < 128) {
      this.#room(1);
      this.#at -= 1;
      this.#bytes[this.#at] = value;
      return;
    }
    const groups: number[] = [];
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      let rest = value;
      for (; rest >= 128; rest = Math.floor(rest / 128)) groups.push((rest % 128) | 0x80);
      groups.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 128n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80);
      groups.push(Number(rest));
    }
    this.#room(groups.length);
    this.#at -= groups.length;
    this.#bytes.set(groups, this.#at);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.#room(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, 'utf8');
    this.varint(size);
  }

  bytes(value: Uint8Array): void {
    this.raw(value);
    this.varint(value.length);
  }

  /** Without a length. */
  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }
}
