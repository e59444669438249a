/** postStart and preStop hooks. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Pod } from '../../api/core/pod.ts';
import type { HTTPGetAction, LifecycleHandler } from '../../api/core/probe.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { RuntimeService } from '../../runtime/runtime.ts';
import type { AnyContainer } from './names.ts';

export interface HookInput {
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly podIp: string;
  readonly handler: LifecycleHandler;
  readonly signal: AbortSignal;
}

export interface Hooks {
  /** Throws HookError. */
  run(input: HookInput): Promise<void>;
}

/** A hook failed; the message is what upstream's event says after its name. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

/** An exec hook has as long as its container: bounded by the caller's signal. */
const execTimeout = 0;

export function lifecycleHooks(runtime: RuntimeService, clock: Clock): Hooks {
  return {
    async run({ container, containerId, podIp, handler, signal }) {
      if (handler.exec !== undefined) return execHook(runtime, containerId, handler.exec.command ?? []);
      if (handler.httpGet !== undefined) return httpHook(handler.httpGet, container, podIp, signal);
      if (handler.sleep !== undefined) return clock.sleep(handler.sleep.seconds * 1000, signal);
    },
  };
}

async function execHook(runtime: RuntimeService, id: string, command: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await runtime.execSync(id, command, execTimeout);
  if (exitCode === 0) return;
  const output = `${Buffer.from(stdout).toString()}${Buffer.from(stderr).toString()}`;
  throw new HookError(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`);
}

async function httpHook(
  action: HTTPGetAction,
  container: AnyContainer,
  podIp: string,
  signal: AbortSignal,
): Promise<void> {
  const status = await httpStatus(action, container, podIp, signal).catch((error: unknown) => {
    throw new HookError(messageOf(error));
  });
  if (status >= 400) throw new HookError(`HTTP probe failed with statuscode: ${status}`);
}

/** The status code that the container answers with; redirects are not followed. */
function httpStatus(
  action: HTTPGetAction,
  container: AnyContainer,
  podIp: string,
  signal: AbortSignal,
): Promise<number> {
  const send = action.scheme === 'HTTPS' ? httpsRequest : httpRequest;
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        host: action.host === undefined || action.host === '' ? podIp : action.host,
        port: portNumber(container, action.port),
        path: action.path ?? '/',
        headers: { 'user-agent': 'kube-lifecycle/1.35', accept: '*/*', ...headers },
        rejectUnauthorized: false,
        signal,
      },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** A port by number or by the name that the container gives it. Throws HookError. */
export function portNumber(container: AnyContainer, port: number | string): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find((each) => each.name === port);
  const value = named?.containerPort ?? Number(port);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new HookError(`couldn't find port: ${port} in container ${container.name}`);
  }
  return value;
}
