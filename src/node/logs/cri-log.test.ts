import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogDecoder } from './cri-log.ts';

const time = '2026-01-02T03:04:05.678901234+00:00';

interface Line {
  readonly text: string;
  readonly whole: boolean;
}

const line: fc.Arbitrary<Line> = fc.record({
  text: fc.string({ maxLength: 30 }).map((text) => text.replaceAll('\n', ' ')),
  whole: fc.boolean(),
});

const written = ({ text, whole }: Line): string => `${time} stdout ${whole ? 'F' : 'P'} ${text}\n`;
const shown = ({ text, whole }: Line): string => (whole ? `${text}\n` : text);

test('a log is shown the same wherever its pieces end', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat({ max: 40 })), (lines, sizes) => {
      const log = Buffer.from(lines.map(written).join(''));
      const decoder = new LogDecoder({ timestamps: false });
      // One buffer for all pieces, as whoever reads a file has it.
      const piece = Buffer.alloc(41);
      const seen: string[] = [];
      for (let at = 0, turn = 0; at < log.length; turn += 1) {
        const size = 1 + (sizes[turn % Math.max(1, sizes.length)] ?? 7);
        const length = log.copy(piece, 0, at, at + size);
        seen.push(decoder.decode(piece.subarray(0, length)).toString());
        at += length;
      }
      expect(seen.join('')).toBe(lines.map(shown).join(''));
    }),
  );
});

test('what is not in the format is shown to nobody', () => {
  const decoder = new LogDecoder({ timestamps: true });
  const log = ['torn', time, `${time} stdout`, `${time} stdout F good`, ''].join('\n');
  expect(decoder.decode(Buffer.from(log)).toString()).toBe(`${time} good\n`);
});
