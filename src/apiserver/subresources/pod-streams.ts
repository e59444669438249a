/** Pods' log, exec, attach and portforward: checked here, spoken by the kubelet. */
import type { Pod } from '../../api/core/pod.ts';
import { badRequest } from '../errors.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { authorize } from '../pipeline.ts';
import type { Call, ServerState, SubresourceHandler } from '../server-types.ts';
import { pipeRequest, tunnel } from '../streaming/kubelet.ts';
import { forwardOptions, streamOptions } from './connect.ts';
import { kubeletOf, podOf } from '../streaming/node-address.ts';

/** The containers that a stream may address, by where they stand in the spec. */
function containersOf({ spec }: Pod): { readonly all: readonly string[]; readonly main: readonly string[] } {
  const main = (spec?.containers ?? []).map(({ name }) => name);
  const others = [...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].map(({ name }) => name);
  return { main, all: [...main, ...others] };
}

const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** Throws 400 as upstream does when it is not clear which container is meant. */
function containerOf(pod: Pod, asked: string): string {
  const { main, all } = containersOf(pod);
  const { name } = pod.metadata;
  if (asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  const [only] = main;
  if (main.length === 1 && only !== undefined) return only;
  const annotated = pod.metadata.annotations?.[defaultContainer];
  if (annotated !== undefined && all.includes(annotated)) return annotated;
  const initial = (pod.spec?.initContainers ?? []).map((each) => each.name);
  const choices = initial.length === 0 ? '' : ` or one of the init containers: [${initial.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${choices}`);
}

function route(server: ServerState, info: RequestInfo, namespace: string, name: string, kind: Stream) {
  const pod = podOf(server, namespace, name);
  const address = kubeletOf(server, pod);
  const query = new URLSearchParams(info.query);
  if (kind === 'portforward')
    return { address, path: withQuery(`/portForward/${namespace}/${name}`, forwardQuery(query)) };
  const container = containerOf(pod, query.get('container') ?? '');
  query.delete('container');
  if (kind === 'log') return { address, path: withQuery(`/containerLogs/${namespace}/${name}/${container}`, query) };
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') {
    throw badRequest(`cannot ${kind} into a container in a completed pod; current phase is ${pod.status.phase}`);
  }
  return { address, path: withQuery(`/${kind}/${namespace}/${name}/${container}`, kubeletQuery(query)) };
}

type Stream = 'log' | 'exec' | 'attach' | 'portforward';

/** Clients of WebSocket channels name `ports`, and the kubelet takes `port`. */
export function forwardQuery(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].map(([name, value]) => [name === 'ports' ? 'port' : name, value]));
}

/** The kubelet's own names of these parameters. */
function kubeletQuery(query: URLSearchParams): URLSearchParams {
  const result = new URLSearchParams();
  const names: Readonly<Record<string, string>> = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };
  for (const [name, value] of query) {
    const own = names[name];
    if (own === undefined) result.append(name, value);
    else if (value === 'true' || value === '1') result.append(own, '1');
  }
  return result;
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * A WebSocket begins with a GET, which whoever may only read is allowed: what it opens is no reading. Throws 403.
 */
async function checkMayCreate({ server, user, info, request }: Asked, kind: Stream): Promise<void> {
  if (info.verb === 'create') return;
  const { group, version, resource, namespace, name } = request;
  const asked = { group, version, resource, namespace, name, subresource: kind };
  await authorize(server, { user, verb: 'create', path: info.path, resource: asked });
}

type Asked = Pick<Call, 'server' | 'user' | 'info' | 'request'>;

export const logHandler: SubresourceHandler = {
  verbs: ['get'],
  async handle({ server, info, target, exchange }) {
    const { address, path } = route(server, info, target.namespace, target.name, 'log');
    await pipeRequest(exchange, server.dependencies.nodes, address, path);
    return { type: 'done' };
  },
};

const connectOptions = {
  exec: streamOptions('PodExecOptions'),
  attach: streamOptions('PodAttachOptions'),
  portforward: forwardOptions,
} as const;

export function streamHandler(kind: Exclude<Stream, 'log'>): SubresourceHandler {
  return {
    verbs: ['get', 'create'],
    connect: connectOptions[kind],
    async handle(call) {
      await checkMayCreate(call, kind);
      throw badRequest('Upgrade request required');
    },
    async upgrade(call) {
      const { server, info, target, message, socket, head } = call;
      await checkMayCreate(call, kind);
      const { address, path } = route(server, info, target.namespace, target.name, kind);
      await tunnel(message, socket, head, server.dependencies.nodes, address, path);
    },
  };
}
