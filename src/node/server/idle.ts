/** Streams over which nothing goes any more. */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';

/**
 * Ends the connection once nothing has come or gone for `idle` milliseconds, at the latest after twice as long.
 * The socket's own timeout would not do: libraries that take the socket over set it back.
 */
export function cutWhenIdle(
  socket: Pick<Socket, 'bytesRead' | 'bytesWritten' | 'destroy' | 'once'>,
  clock: Clock,
  idle: number,
): void {
  const moved = (): number => socket.bytesRead + socket.bytesWritten;
  let seen = moved();
  const look = (): void => {
    const now = moved();
    if (now === seen) return void socket.destroy();
    seen = now;
    timer = clock.after(idle, look);
  };
  let timer: Timer = clock.after(idle, look);
  socket.once('close', () => timer.cancel());
}
