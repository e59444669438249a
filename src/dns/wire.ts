/**
 * DNS messages on the wire, as far as a server meets them: one question in, records out. Answers are
 * compressed (names that occurred before become pointers), which dns-packet does not do: without it the
 * addresses of a dozen pods no longer fit into a datagram.
 */

export const types = {
  A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, HINFO: 13, MX: 15, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, AXFR: 252, ANY: 255,
} as const; // prettier-ignore

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

const typeNames = new Map<number, string>(Object.entries(types).map(([name, number]) => [number, name]));
const rcodeNames = Object.keys(rcodes);

/** `A`, or `TYPE65` for types that have no name here. */
export const typeName = (type: number): string => typeNames.get(type) ?? `TYPE${type}`;
export const rcodeName = (rcode: number): string => rcodeNames[rcode] ?? `RCODE${rcode}`;

/** Names are lower case, without the dot at the end; the root is ''. */
export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question as it came, spelling included. */
  readonly question: Uint8Array;
  /** Present when the query has an OPT record. */
  readonly edns: { readonly size: number; readonly dnssec: boolean; readonly version: number } | undefined;
  /** The whole message, for forwarding. */
  readonly message: Uint8Array;
}

export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: Uint8Array }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly minimum: number;
    };

export interface ResourceRecord {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: RecordData;
}

export interface Sections {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

/** Why a message got no parse: the id is known when an error can be answered. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly id: number | undefined;
  readonly rcode: number;

  constructor(message: string, id?: number, rcode: number = rcodes.FORMERR) {
    super(message);
    this.id = id;
    this.rcode = rcode;
  }
}

const headerSize = 12;

/** Reads a query; throws FormatError for what is not one question. */
export function parseQuery(message: Uint8Array): Query {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < headerSize) throw new FormatError('shorter than a header');
  const id = view.getUint16(0);
  const flags = view.getUint16(2);
  if ((flags & 0x8000) !== 0) throw new FormatError('an answer, not a query');
  if (view.getUint16(4) !== 1) throw new FormatError('not exactly one question', id);
  const { name, end } = readName(message, headerSize, id);
  if (end + 4 > message.length) throw new FormatError('the question is cut off', id);
  const opcode = (flags >> 11) & 15;
  return {
    id,
    opcode,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    name: name.toLowerCase(),
    type: view.getUint16(end),
    class: view.getUint16(end + 2),
    question: message.subarray(headerSize, end + 4),
    edns: readEdns(message, view, end + 4, id),
    message,
  };
}

/** A name without compression, as questions have it. */
function readName(message: Uint8Array, start: number, id: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63 || at - start > 254) throw new FormatError('a malformed name', id);
    at += 1;
    if (length === 0) return { name: labels.join('.'), end: at };
    labels.push(latin1(message, at, at + length));
    at += length;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

function readEdns(message: Uint8Array, view: DataView, start: number, id: number): Query['edns'] {
  let records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  for (let at = start; records > 0; records -= 1) {
    at = skipName(message, at);
    if (at + 10 > message.length) throw new FormatError('a record is cut off', id);
    if (view.getUint16(at) === types.OPT) {
      const ttl = view.getUint32(at + 4);
      return { size: view.getUint16(at + 2), dnssec: (ttl & 0x8000) !== 0, version: (ttl >> 16) & 255 };
    }
    at += 10 + view.getUint16(at + 8);
  }
  return undefined;
}

/** The offset behind a name that may end in a pointer. */
export function skipName(message: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined) return message.length;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

/** How large an answer over UDP may be. */
export function datagramLimit(query: Query): number {
  return Math.min(4096, Math.max(512, query.edns?.size ?? 512));
}

/**
 * The answer, cut to `limit` bytes: additional records go first, quietly; when answers must go too, the
 * truncation bit tells the client to ask over TCP. `cut`: something is missing already.
 */
export function encodeReply(
  query: Query,
  reply: Sections,
  limit: number,
  recursionAvailable: boolean,
  cut = false,
): Uint8Array {
  const opt = query.edns === undefined ? 0 : 11;
  const writer = new Writer(Math.min(limit, 65_535) - opt, query);
  const answers = writer.records(reply.answers);
  const whole = answers === reply.answers.length;
  const authorities = whole ? writer.records(reply.authorities) : 0;
  const truncated = cut || !whole || authorities < reply.authorities.length;
  const additionals = truncated ? 0 : writer.records(reply.additionals);
  const flags = flagsOf(query, reply) | (truncated ? 0x0200 : 0) | (recursionAvailable ? 0x0080 : 0);
  const counts = [1, answers, authorities, additionals + (opt > 0 ? 1 : 0)];
  return writer.finish(query.id, flags, counts, query.edns?.dnssec);
}

function flagsOf(query: Query, reply: Sections): number {
  const authoritative = reply.authoritative ? 0x0400 : 0;
  const recursion = query.recursionDesired ? 0x0100 : 0;
  const checking = query.checkingDisabled ? 0x0010 : 0;
  return 0x8000 | (query.opcode << 11) | authoritative | recursion | checking | (reply.rcode & 15);
}

/** An error for a message whose question could not be read. */
export function encodeError(id: number, rcode: number): Uint8Array {
  const bytes = new Uint8Array(headerSize);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, 0x8000 | rcode);
  return bytes;
}

class Writer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limit: number;
  /** Names by the offset where they are written; pointers reach 14 bits far. */
  readonly #names = new Map<string, number>();
  #at: number;

  constructor(limit: number, query: Query) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(limit + 11);
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(query.question, headerSize);
    this.#at = headerSize + query.question.length;
    this.#remember(query.name, headerSize);
  }

  /** How many of them fit. */
  records(records: readonly ResourceRecord[]): number {
    const left = records.findIndex((record) => !this.#record(record));
    return left < 0 ? records.length : left;
  }

  /** Writes it whole or not at all. */
  #record({ name, ttl, data }: ResourceRecord): boolean {
    const start = this.#at;
    // Names and rdata have bounds of their own: 255 and what fits is known before it is written.
    if (start + 2 + 10 + roomFor(name, data) > this.#limit && !this.#fits(name, data)) return false;
    this.#name(name);
    this.#view.setUint16(this.#at, types[data.type]);
    this.#view.setUint16(this.#at + 2, 1);
    this.#view.setUint32(this.#at + 4, ttl);
    const length = this.#at + 8;
    this.#at += 10;
    this.#data(data);
    this.#view.setUint16(length, this.#at - length - 2);
    return true;
  }

  finish(id: number, flags: number, counts: readonly number[], dnssec: boolean | undefined): Uint8Array {
    this.#view.setUint16(0, id);
    this.#view.setUint16(2, flags);
    for (const [at, count] of counts.entries()) this.#view.setUint16(4 + at * 2, count);
    if (dnssec !== undefined) {
      this.#bytes.set([0, 0, types.OPT, 0x04, 0xd0, 0, 0, dnssec ? 0x80 : 0, 0, 0, 0], this.#at);
      this.#at += 11;
    }
    return this.#bytes.subarray(0, this.#at);
  }

  /** Exact, with compression; asked only near the limit. */
  #fits(name: string, data: RecordData): boolean {
    const target = 'target' in data && data.type !== 'SRV' ? data.target : '';
    const size = this.#sizeOf(name) + 10 + roomFor('', data) - (target === '' ? 0 : target.length + 2);
    return this.#at + size + (target === '' ? 0 : this.#sizeOf(target)) <= this.#limit;
  }

  #sizeOf(name: string): number {
    let size = 0;
    for (let rest = name; rest !== '';) {
      if (this.#names.has(rest)) return size + 2;
      const dot = rest.indexOf('.');
      const label = dot < 0 ? rest.length : dot;
      size += label + 1;
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    return size + 1;
  }

  #name(name: string, whole = false): void {
    for (let rest = name; rest !== '';) {
      const known = this.#names.get(rest);
      if (known !== undefined && !whole) {
        this.#view.setUint16(this.#at, 0xc000 | known);
        this.#at += 2;
        return;
      }
      if (this.#at < 0x4000) this.#names.set(rest, this.#at);
      const dot = rest.indexOf('.');
      const label = dot < 0 ? rest : rest.slice(0, dot);
      this.#bytes[this.#at] = label.length;
      this.#ascii(label, this.#at + 1);
      this.#at += label.length + 1;
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.#bytes[this.#at] = 0;
    this.#at += 1;
  }

  #remember(name: string, start: number): void {
    let at = start;
    for (let rest = name; rest !== '';) {
      this.#names.set(rest, at);
      const dot = rest.indexOf('.');
      at += (dot < 0 ? rest.length : dot) + 1;
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
  }

  #ascii(text: string, at: number): void {
    for (let index = 0; index < text.length; index += 1) this.#bytes[at + index] = text.charCodeAt(index);
  }

  #data(data: RecordData): void {
    switch (data.type) {
      case 'A':
      case 'AAAA':
        this.#bytes.set(data.address, this.#at);
        this.#at += data.address.length;
        return;
      case 'TXT':
        this.#bytes[this.#at] = data.text.length;
        this.#ascii(data.text, this.#at + 1);
        this.#at += data.text.length + 1;
        return;
      case 'SRV':
        this.#numbers16(data.priority, data.weight, data.port);
        // RFC 2782 wants it in full, and some resolvers refuse anything else.
        this.#name(data.target, true);
        return;
      case 'SOA':
        this.#name(data.primary);
        this.#name(data.mailbox);
        for (const number of [data.serial, 7200, 1800, 86_400, data.minimum]) {
          this.#view.setUint32(this.#at, number);
          this.#at += 4;
        }
        return;
      default:
        this.#name(data.target);
    }
  }

  #numbers16(...numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#view.setUint16(this.#at, number);
      this.#at += 2;
    }
  }
}

/** The most bytes that a record's name and data take. */
function roomFor(name: string, data: RecordData): number {
  const own = name.length + 2;
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return own + data.address.length;
    case 'TXT':
      return own + data.text.length + 1;
    case 'SOA':
      return own + data.primary.length + data.mailbox.length + 4 + 20;
    case 'SRV':
      return own + data.target.length + 2 + 6;
    default:
      return own + data.target.length + 2;
  }
}
