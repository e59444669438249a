/** tcpSocket probes: a connection is enough. */
import { connect } from 'node:net';
import { dialError, failed, hostPort, succeeded, type Outcome } from './outcome.ts';

export function tcpProbe(host: string, port: number, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve(succeeded);
    });
    socket.once('error', (error) => {
      const cause = signal.aborted ? { code: 'ETIMEDOUT' } : error;
      resolve(failed(dialError(cause, hostPort(host, port))));
    });
  });
}
