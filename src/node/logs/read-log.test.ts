import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { readLog, type LogRequest } from './read-log.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coracle-log-'));
  path = join(folder, '0.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const line = (text: string, second = 0): string => `2026-01-01T00:00:0${second}.5Z stdout F ${text}\n`;

const request = (changes: Partial<LogRequest> = {}): LogRequest => ({
  path,
  follow: false,
  timestamps: false,
  signal: new AbortController().signal,
  running: () => Promise.resolve(false),
  onStateChange: () => () => {},
  ...changes,
});

async function read(changes: Partial<LogRequest> = {}): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of readLog(request(changes))) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('rotated files come first', async () => {
  await writeFile(`${path}.20260101-000000.000`, line('one'));
  await writeFile(`${path}.20260101-000001.000`, line('two'));
  await writeFile(path, line('three'));
  expect(await read()).toBe('one\ntwo\nthree\n');
  expect(await read({ tailLines: 2 })).toBe('two\nthree\n');
  expect(await read({ tailLines: 10 })).toBe('one\ntwo\nthree\n');
});

test('a log that does not exist yet is empty', async () => {
  expect(await read()).toBe('');
});

test('a line that is being written is not shown until it is whole', async () => {
  await writeFile(path, `${line('one')}2026-01-01T00:00:01Z stdout F tw`);
  expect(await read()).toBe('one\n');
});

test('a log that is written faster than it is read comes to an end, over a rotation, too', async () => {
  await writeFile(path, line('0').repeat(20_000));
  let lines = 0;
  for await (const piece of readLog(request())) {
    lines += piece.toString().split('\n').length - 1;
    if (lines > 60_000) break;
    await appendFile(path, line('1').repeat(20_000));
    if (lines > 1) await rename(path, `${path}.20260101-000000.${lines}`).catch(() => {});
    await writeFile(path, line('2').repeat(20_000));
  }
  expect(lines).toBe(20_000);
});

test('the last lines are had also while the log is being rotated', async () => {
  await writeFile(path, line('0').repeat(5));
  const rotating = new AbortController();
  const rotations = (async () => {
    for (let at = 0; !rotating.signal.aborted; at += 1) {
      const rotated = `${path}.20260101-000000.${String(at).padStart(6, '0')}`;
      await rename(path, rotated);
      await systemClock.sleep(3);
      await writeFile(path, line('0').repeat(5));
      await systemClock.sleep(7);
      await rm(`${path}.20260101-000000.${String(at - 4).padStart(6, '0')}`, { force: true });
    }
  })();
  for (let round = 0; round < 300; round += 1) {
    expect((await read({ tailLines: 7 })).length, `round ${round}`).toBeGreaterThanOrEqual(10);
  }
  rotating.abort();
  await rotations;
});

test('one stream alone', async () => {
  await writeFile(path, `${line('out')}2026-01-01T00:00:01Z stderr F err\n`);
  expect(await read({ stream: 'stderr' })).toBe('err\n');
  expect(await read({ stream: 'stdout' })).toBe('out\n');
});

test('following shows what is written, over rotations, until the container ends', async () => {
  await writeFile(path, line('0'));
  let alive = true;
  let announce = (): void => {};
  const pieces = readLog(
    request({
      follow: true,
      running: () => Promise.resolve(alive),
      onStateChange: (action) => {
        announce = action;
        return () => {};
      },
    }),
  );
  let text = '';
  const reading = (async () => {
    for await (const piece of pieces) text += piece.toString();
  })();
  const wanted: string[] = ['0'];
  for (let index = 1; index <= 40; index += 1) {
    wanted.push(`${index}`);
    await appendFile(path, line(`${index}`));
    if (index % 10 !== 0) continue;
    const rotated = `${path}.20260101-00000${index / 10}.000`;
    await rename(path, rotated);
    // The writer goes on in the old file until it is told.
    await appendFile(rotated, line(`late ${index}`));
    wanted.push(`late ${index}`);
    await writeFile(path, '');
  }
  alive = false;
  announce();
  await reading;
  expect(text).toBe(`${wanted.join('\n')}\n`);
});
