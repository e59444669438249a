import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { cutWhenIdle } from './idle.ts';

class Line extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  destroyed = false;

  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}

it('a stream is cut when nothing has gone over it for as long, in neither direction', async () => {
  const clock = new FakeClock();
  const line = new Line();
  cutWhenIdle(line as never, clock, 1000);
  await clock.advance(900);
  line.bytesWritten += 1;
  await clock.advance(900);
  line.bytesRead += 1;
  await clock.advance(900);
  expect(line.destroyed).toBe(false);
  await clock.advance(1300);
  expect(line.destroyed).toBe(true);
});

it('one that has ended is left alone', async () => {
  const clock = new FakeClock();
  const line = new Line();
  cutWhenIdle(line as never, clock, 1000);
  line.emit('close');
  await clock.advance(5000);
  expect(line.destroyed).toBe(false);
});
