/** `kubectl port-forward`, as a reader would leave it running in another window. */
import { clientProgram, start, type ClientVersion } from './clients.ts';

export interface PortForward {
  /** On 127.0.0.1. */
  readonly port: number;
  stop(): void;
}

/** `target` as kubectl takes it: a pod's name or TYPE/NAME. */
export async function portForward(
  kubeconfig: string,
  target: string,
  port: number,
  version: ClientVersion = '1.35',
): Promise<PortForward> {
  const child = start(clientProgram('kubectl', version), ['port-forward', target, `:${port}`], {
    KUBECONFIG: kubeconfig,
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const local = await new Promise<number>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const found = /127\.0\.0\.1:(\d+) ->/.exec(chunk.toString());
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('close', (code) => reject(new Error(`port-forward ended with ${code}: ${complaint}`)));
  });
  return { port: local, stop: () => void child.kill() };
}
