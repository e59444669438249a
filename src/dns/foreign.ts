/** Answers of upstreams, looked into: how long they hold, and their records when names must change. */
import { decode, type Answer as PacketRecord } from 'dns-packet';
import { addressBytes } from './addresses.ts';
import type { Foreign, Local, Reply } from './request.ts';
import { skipName, types, type RecordData, type ResourceRecord } from './wire.ts';

export interface Lifetime {
  /** Seconds that the whole answer may be kept; 0 when it has no records to say. */
  readonly ttl: number;
  /** Where the times to live are, to count them down. */
  readonly offsets: readonly number[];
  readonly answers: number;
  readonly truncated: boolean;
}

/** Undefined when the message is malformed. */
export function lifetimeOf(message: Uint8Array): Lifetime | undefined {
  if (message.length < 12) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 12;
  for (let questions = view.getUint16(4); questions > 0; questions -= 1) at = skipName(message, at) + 4;
  const answers = view.getUint16(6);
  const offsets: number[] = [];
  let ttl = Number.POSITIVE_INFINITY;
  for (let records = answers + view.getUint16(8) + view.getUint16(10); records > 0; records -= 1) {
    at = skipName(message, at);
    if (at + 10 > message.length) return undefined;
    if (view.getUint16(at) !== types.OPT) {
      offsets.push(at + 4);
      ttl = Math.min(ttl, view.getUint32(at + 4));
    }
    at += 10 + view.getUint16(at + 8);
  }
  return {
    ttl: ttl === Number.POSITIVE_INFINITY ? 0 : ttl,
    offsets,
    answers,
    truncated: (view.getUint16(2) & 0x0200) !== 0,
  };
}

/** The reply as records; those of types that we cannot write are left out. */
export function toLocal(reply: Reply): Local {
  return reply.kind === 'local' ? reply : fromForeign(reply);
}

function fromForeign({ message, rcode }: Foreign): Local {
  const packet = decode(Buffer.from(message));
  const records = (made: readonly PacketRecord[] | undefined): readonly ResourceRecord[] =>
    (made ?? []).flatMap((record) => {
      const data = dataOf(record);
      return data === undefined
        ? []
        : [{ name: record.name.toLowerCase(), ttl: ('ttl' in record && record.ttl) || 0, data }];
    });
  return {
    kind: 'local',
    rcode,
    authoritative: false,
    answers: records(packet.answers),
    authorities: records(packet.authorities),
    additionals: records(packet.additionals),
  };
}

function dataOf(record: PacketRecord): RecordData | undefined {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { type: record.type, address: addressBytes(record.data) };
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return { type: record.type, target: record.data };
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = record.data;
      return { type: 'SRV', priority, weight, port, target };
    }
    case 'SOA': {
      const { mname, rname, serial = 0, minimum = 0 } = record.data;
      return { type: 'SOA', primary: mname, mailbox: rname, serial, minimum };
    }
    default:
      return undefined;
  }
}
