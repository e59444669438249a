/**
 * Connections (exec, attach, portforward, proxy) go through admission, too: operation CONNECT, with the options
 * of the request as the object.
 */
import { isTrue } from '../http/request-info.ts';
import { admissionOf } from '../registry/admit.ts';
import type { Call, UpgradeCall } from '../server-types.ts';

export type ConnectOptions = (call: Pick<Call, 'info' | 'request'>) => Readonly<Record<string, unknown>>;

/** Throws what a plugin refuses with. */
export async function admitConnection(
  {
    server,
    target,
    context,
    info,
    request,
  }: Pick<Call | UpgradeCall, 'server' | 'target' | 'context' | 'info' | 'request'>,
  options: ConnectOptions,
): Promise<void> {
  if (server.registry.admission.length === 0) return;
  const draft = { ...options({ info, request }) };
  const admission = admissionOf(server.registry, context, { operation: 'CONNECT', target, draft, options: {} });
  await admission.admit();
  await admission.validate();
}

const switches = ['stdin', 'stdout', 'stderr', 'tty'];

/** `PodExecOptions` and `PodAttachOptions`. */
export function streamOptions(kind: 'PodExecOptions' | 'PodAttachOptions'): ConnectOptions {
  return ({ info: { query } }) => {
    const on = switches.filter((name) => isTrue(query.get(name)));
    const container = query.get('container') ?? '';
    const command = query.getAll('command');
    return {
      kind,
      apiVersion: 'v1',
      ...Object.fromEntries(on.map((name) => [name, true])),
      ...(container === '' ? {} : { container }),
      ...(kind === 'PodExecOptions' ? { command } : {}),
    };
  };
}

export const forwardOptions: ConnectOptions = ({ info: { query } }) => {
  const ports = query.getAll('ports').flatMap((text) => text.split(',').map(Number));
  return { kind: 'PodPortForwardOptions', apiVersion: 'v1', ...(ports.length === 0 ? {} : { ports }) };
};

/** `path` is what of the path stands after `proxy`. */
export function proxyOptions(kind: 'PodProxyOptions' | 'ServiceProxyOptions' | 'NodeProxyOptions'): ConnectOptions {
  return ({ request }) => ({ kind, apiVersion: 'v1', ...(request.rest === '' ? {} : { path: request.rest }) });
}
