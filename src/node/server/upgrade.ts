/** exec, attach and port-forward: requests that turn into a stream protocol. */
import type { Duplex } from 'node:stream';
import { currentSandbox } from '../pod/history.ts';
import { observe } from '../pod/observe.ts';
import { runCommand, type Command } from './command.ts';
import { findPod, HttpError, runningContainer, type KubeletRequest } from './http.ts';
import {
  channelProtocols,
  forwardOverChannels,
  forwardOverSpdy,
  portForwardProtocol,
  tunnelProtocol,
  type ForwardTarget,
} from './port-forward.ts';
import { SpdyConnection } from '../../spdy/connection.ts';
import { SpdyCommand, spdyProtocols } from './spdy-streams.ts';
import type { StreamRequest } from './streams.ts';
import { acceptWebSocket, asStream, chooseProtocol } from './websocket.ts';
import { commandProtocols, webSocketStreams } from './websocket-streams.ts';

export async function upgradeRoute(request: KubeletRequest, socket: Duplex, head: Buffer): Promise<void> {
  const [route = ''] = request.parts;
  if (route === 'portForward') return portForward(request, socket, head);
  if (route !== 'exec' && route !== 'attach') throw new HttpError(404, '404 page not found');
  const streams = streamRequest(request.url.searchParams);
  const command = await commandOf(request, route);
  if (isWebSocket(request)) return commandOverWebSocket(request, socket, head, command, streams);
  return commandOverSpdy(request, socket, head, command, streams);
}

const isWebSocket = (request: KubeletRequest): boolean =>
  request.incoming.headers.upgrade?.toLowerCase() === 'websocket';

/** `/exec/NAMESPACE/POD[/UID]/CONTAINER?command=...` */
async function commandOf(request: KubeletRequest, type: 'exec' | 'attach'): Promise<Command> {
  const [, namespace = '', name = '', ...rest] = request.parts;
  const containerName = rest.at(-1) ?? '';
  const worker = findPod(request, namespace, name, rest.length > 1 ? rest[0] : undefined);
  const { id } = await runningContainer(request, worker, containerName);
  if (type === 'attach') return { type, id };
  const command = request.url.searchParams.getAll('command');
  if (command.length === 0) throw new HttpError(400, 'you must specify at least 1 command');
  return { type, id, command };
}

/** Both the kubelet's names and the API's. Throws HttpError when nothing is asked for. */
function streamRequest(query: URLSearchParams): StreamRequest {
  const on = (...names: string[]): boolean => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
  const request = {
    stdin: on('input', 'stdin'),
    stdout: on('output', 'stdout'),
    stderr: on('error', 'stderr'),
    tty: on('tty'),
  };
  if (!request.stdin && !request.stdout && !request.stderr) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return request;
}

async function commandOverWebSocket(
  request: KubeletRequest,
  socket: Duplex,
  head: Buffer,
  command: Command,
  streams: StreamRequest,
): Promise<void> {
  const protocol = chooseProtocol(request.incoming, commandProtocols);
  if (protocol === undefined) throw new HttpError(400, 'none of the offered WebSocket subprotocols is supported');
  const accepted = await acceptWebSocket(request.incoming, socket, head, protocol);
  await runCommand(
    request.clock,
    request.agent.options.runtime,
    command,
    streams,
    webSocketStreams(accepted, protocol, streams),
  );
}

async function commandOverSpdy(
  request: KubeletRequest,
  socket: Duplex,
  head: Buffer,
  command: Command,
  streams: StreamRequest,
): Promise<void> {
  const protocol = spdyProtocol(request, spdyProtocols) ?? '';
  switchToSpdy(socket, head, protocol);
  const collected = new SpdyCommand(streams, protocol);
  const connection = new SpdyConnection(socket, { role: 'server', onStream: (stream) => collected.add(stream) });
  const closed = connection.run().catch((error: unknown) => request.log.debug('a stream broke', { error }));
  const ready = await collected.streams(connection, closed, protocol, request.clock);
  if (ready === undefined) return connection.close();
  await runCommand(request.clock, request.agent.options.runtime, command, streams, ready);
}

/** The first that both sides know; undefined when the client names none. Throws HttpError when it knows none of ours. */
function spdyProtocol(request: KubeletRequest, known: readonly string[]): string | undefined {
  const header = request.incoming.headers['x-stream-protocol-version'];
  const offered = [header ?? []].flat().flatMap((each) => each.split(',').map((part) => part.trim()));
  if (offered.length === 0) return undefined;
  const chosen = known.find((each) => offered.includes(each));
  if (chosen === undefined) {
    throw new HttpError(403, `unable to upgrade: unable to negotiate protocol: client supports ${offered.join(', ')}`);
  }
  return chosen;
}

function switchToSpdy(socket: Duplex, head: Buffer, protocol: string): void {
  const version = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${version}\r\n`);
  if (head.length > 0) socket.unshift(head);
}

/** `/portForward/NAMESPACE/POD[/UID]` */
async function portForward(request: KubeletRequest, socket: Duplex, head: Buffer): Promise<void> {
  const target = await forwardTarget(request);
  if (!isWebSocket(request)) {
    switchToSpdy(socket, head, spdyProtocol(request, [portForwardProtocol]) ?? '');
    return forwardOverSpdy(socket, target, request.log);
  }
  const protocol = chooseProtocol(request.incoming, [tunnelProtocol, ...channelProtocols]);
  if (protocol === undefined) throw new HttpError(400, 'none of the offered WebSocket subprotocols is supported');
  const ports = request.url.searchParams.getAll('port').flatMap((each) => each.split(',').map(Number));
  if (protocol !== tunnelProtocol && ports.length === 0) throw new HttpError(400, 'query parameter "port" is required');
  const accepted = await acceptWebSocket(request.incoming, socket, head, protocol);
  if (protocol === tunnelProtocol) return forwardOverSpdy(asStream(accepted), target, request.log);
  return forwardOverChannels(accepted, protocol, ports, target);
}

async function forwardTarget(request: KubeletRequest): Promise<ForwardTarget> {
  const [, namespace = '', name = '', uid] = request.parts;
  const worker = findPod(request, namespace, name, uid);
  const { runtime, config } = request.agent.options;
  const sandbox = currentSandbox(await observe(runtime, worker.pod, config));
  if (sandbox?.state !== 'ready') throw new HttpError(404, `pod not found ("${name}_${namespace}")`);
  return {
    name: `${sandbox.id}, uid : ${worker.pod.metadata.uid}`,
    connect: (port) => runtime.portForward(sandbox.id, port),
  };
}
