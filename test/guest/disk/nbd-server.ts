/**
 * A disk for QEMU over a unix socket, by the NBD protocol: fixed newstyle negotiation, simple replies.
 * https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../../src/base/errors.ts';
import type { VolatileDisk } from './volatile-disk.ts';

const optionMagic = Buffer.from('IHAVEOPT');
const replyMagic = 0x3_e889_0455_65a9n;
const requestMagic = 0x2560_9513;
const simpleReplyMagic = 0x6744_6698;
/** Fixed newstyle, and no zeroes at the end of the negotiation. */
const handshakeFlags = 0b11;
/** It has flags, can be flushed, and writes through when a write says so. */
const exportFlags = 0b1101;
const option = { exportName: 1, abort: 2, info: 6, go: 7 };
const reply = { acknowledge: 1, info: 3, unsupported: 0x8000_0001 };
const command = { read: 0, write: 1, disconnect: 2, flush: 3 };
const forceUnitAccess = 1;
const invalidArgument = 22;

export interface NbdServer {
  /** What QEMU takes in the place of a file. */
  readonly source: string;
  close(): Promise<void>;
}

export async function serveDisk(disk: VolatileDisk, path: string): Promise<NbdServer> {
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // It is killed in the middle of things.
    socket.on('error', () => {});
    void converse(disk, socket).catch((error: unknown) => socket.destroy(new Error(messageOf(error))));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    source: `nbd:unix:${path}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function converse(disk: VolatileDisk, socket: Socket): Promise<void> {
  const input = reader(socket);
  const flags = Buffer.alloc(2);
  flags.writeUInt16BE(handshakeFlags);
  socket.write(Buffer.concat([Buffer.from('NBDMAGIC'), optionMagic, flags]));
  await input(4);
  if (await negotiate(disk, socket, input)) await serveRequests(disk, socket, input);
  socket.end();
}

type Reader = (length: number) => Promise<Buffer>;

/** Whole pieces of what arrives. Rejects when the other side is gone. */
function reader(socket: Socket): Reader {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return async (length) => {
    const parts = [rest];
    let have = rest.length;
    while (have < length) {
      const { value, done } = await chunks.next();
      if (done === true) throw new Error('the client hung up');
      parts.push(value);
      have += value.length;
    }
    const whole = Buffer.concat(parts);
    rest = whole.subarray(length);
    return whole.subarray(0, length);
  };
}

/** False when the client does not want to go on. */
async function negotiate(disk: VolatileDisk, socket: Socket, input: Reader): Promise<boolean> {
  const answer = (to: number, type: number, data = Buffer.alloc(0)): void => {
    const head = Buffer.alloc(20);
    head.writeBigUInt64BE(replyMagic, 0);
    head.writeUInt32BE(to, 8);
    head.writeUInt32BE(type, 12);
    head.writeUInt32BE(data.length, 16);
    socket.write(Buffer.concat([head, data]));
  };
  const facts = Buffer.alloc(10);
  facts.writeBigUInt64BE(BigInt(disk.size), 0);
  facts.writeUInt16BE(exportFlags, 8);
  for (;;) {
    const head = await input(16);
    if (!head.subarray(0, 8).equals(optionMagic)) throw new Error('this is not the NBD protocol');
    const wanted = head.readUInt32BE(8);
    await input(head.readUInt32BE(12));
    if (wanted === option.exportName) {
      socket.write(facts);
      return true;
    }
    if (wanted === option.info || wanted === option.go) {
      answer(wanted, reply.info, Buffer.concat([Buffer.alloc(2), facts]));
      answer(wanted, reply.acknowledge);
      if (wanted === option.go) return true;
    } else if (wanted === option.abort) {
      answer(wanted, reply.acknowledge);
      return false;
    } else {
      answer(wanted, reply.unsupported);
    }
  }
}

/** One after the other: a flush is about what was answered before it. */
async function serveRequests(disk: VolatileDisk, socket: Socket, input: Reader): Promise<void> {
  for (;;) {
    const head = await input(28);
    if (head.readUInt32BE(0) !== requestMagic) throw new Error('this is not a request of the NBD protocol');
    const [flags, type] = [head.readUInt16BE(4), head.readUInt16BE(6)];
    const offset = Number(head.readBigUInt64BE(16));
    const length = head.readUInt32BE(24);
    if (type === command.disconnect) return;
    const data = type === command.write ? await input(length) : undefined;
    const answer = Buffer.alloc(16);
    answer.writeUInt32BE(simpleReplyMagic, 0);
    head.copy(answer, 8, 8, 16);
    let content: Buffer = Buffer.alloc(0);
    if (type === command.read) content = disk.read(offset, length);
    else if (data !== undefined) disk.write(offset, data);
    else if (type !== command.flush) answer.writeUInt32BE(invalidArgument, 4);
    // Writing through is more than it asks for, and rare.
    if (type === command.flush || (flags & forceUnitAccess) !== 0) disk.flush();
    socket.write(Buffer.concat([answer, content]));
  }
}
