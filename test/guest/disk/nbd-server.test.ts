import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type NbdServer, serveDisk } from './nbd-server.ts';
import { VolatileDisk } from './volatile-disk.ts';

const content = Buffer.alloc(8192, '.');
let folder: string;
let server: NbdServer;
let disk: VolatileDisk;
let client: Socket;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coracle-nbd-'));
  content.fill('.');
  disk = new VolatileDisk({
    size: content.length,
    read: (offset, length) => Buffer.from(content.subarray(offset, offset + length)),
    write: (offset, data) => void data.copy(content, offset),
  });
  server = await serveDisk(disk, join(folder, 'socket'));
  client = connect(join(folder, 'socket'));
});
afterEach(async () => {
  client.destroy();
  await server.close();
  rmSync(folder, { recursive: true });
});

let received = Buffer.alloc(0);
async function expectBytes(length: number): Promise<Buffer> {
  while (received.length < length) {
    const chunk = await new Promise<Buffer>((resolve) => client.once('data', resolve));
    received = Buffer.concat([received, chunk]);
  }
  const result = received.subarray(0, length);
  received = received.subarray(length);
  return result;
}

const plain = (text: string): string => text.replaceAll(' ', '');
const hex = (text: string): Buffer => Buffer.from(plain(text), 'hex');
/** IHAVEOPT, number, length of data. */
const optionOf = (number: string, data = ''): Buffer =>
  Buffer.concat([
    hex('49484156454f5054'),
    hex(number),
    hex((data.length / 2).toString(16).padStart(8, '0')),
    hex(data),
  ]);
const request = (flags: number, type: number, offset: number, length: number): Buffer => {
  const head = hex('25609513 0000 0000 1122334455667788 0000000000000000 00000000');
  head.writeUInt16BE(flags, 4);
  head.writeUInt16BE(type, 6);
  head.writeBigUInt64BE(BigInt(offset), 16);
  head.writeUInt32BE(length, 24);
  return head;
};
const done = '67446698000000001122334455667788';

test('the protocol: options, reads, writes, flushes, writing through', async () => {
  received = Buffer.alloc(0);
  expect((await expectBytes(18)).toString('hex')).toBe(plain('4e42444d41474943 49484156454f5054 0003'));
  client.write(hex('00000003'));
  // Structured replies are not offered.
  client.write(optionOf('00000008'));
  expect((await expectBytes(20)).toString('hex')).toBe(plain('0003e889045565a9 00000008 80000001 00000000'));
  // GO, with an empty name and no wishes.
  client.write(optionOf('00000007', '000000000000'));
  expect((await expectBytes(32)).toString('hex')).toBe(
    plain('0003e889045565a9 00000007 00000003 0000000c 0000 0000000000002000 000d'),
  );
  expect((await expectBytes(20)).toString('hex')).toBe(plain('0003e889045565a9 00000007 00000001 00000000'));
  client.write(Buffer.concat([request(0, 1, 4094, 4), Buffer.from('abcd')]));
  expect((await expectBytes(16)).toString('hex')).toBe(done);
  expect(content.includes('a')).toBe(false);
  client.write(request(0, 0, 4093, 6));
  expect((await expectBytes(16)).toString('hex')).toBe(done);
  expect((await expectBytes(6)).toString()).toBe('.abcd.');
  client.write(request(0, 3, 0, 0));
  expect((await expectBytes(16)).toString('hex')).toBe(done);
  expect(content.toString('latin1', 4093, 4099)).toBe('.abcd.');
  client.write(Buffer.concat([request(1, 1, 0, 2), Buffer.from('zz')]));
  expect((await expectBytes(16)).toString('hex')).toBe(done);
  expect(content.toString('latin1', 0, 3)).toBe('zz.');
  // TRIM was not offered either.
  client.write(request(0, 4, 0, 512));
  expect((await expectBytes(16)).toString('hex')).toBe('67446698000000161122334455667788');
});

test('who speaks something else is hung up on', async () => {
  client.write('GET / HTTP/1.1\r\nhost: disk\r\n\r\n');
  client.resume();
  await new Promise<void>((resolve) => client.once('close', () => resolve()));
  expect(disk.unsafeBlocks).toBe(0);
});
