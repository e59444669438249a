/**
 * How a machine that knows an address, a token and a hash comes to trust a cluster, as kubeadm does it: it reads
 * `cluster-info` from whoever answers, and believes it when the authority in there has that hash and the whole is
 * signed with that token. Everything after that is read over TLS which that authority vouches for.
 */
import { request } from 'node:https';
import { parseTimestamp, type Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { UserError } from '../../cli/user-error.ts';
import { clusterInfo, isSignatureOf, type BootstrapToken } from '../../controllers/bootstrap-token/token.ts';
import { publicKeyHash } from '../../pki/certificate.ts';
import { parseClusterInfo } from './cluster-info.ts';

export interface Discovered {
  /** PEM of the cluster's authority. */
  readonly authority: string;
  /** Of this machine, on the way to the server. */
  readonly localAddress: string;
}

export interface DiscoveryOptions {
  readonly server: URL;
  readonly token: BootstrapToken;
  /** `sha256:HEX` */
  readonly hash: string;
  readonly clock: Clock;
}

/** Milliseconds. */
const patience = 10_000;
/** By how much clocks may differ: certificates count from five minutes before they are made. */
const largestSkew = 300_000;

/** Throws a UserError that says what is wrong: address, clock, hash or token. */
export async function discover({ server, token, hash, clock }: DiscoveryOptions): Promise<Discovered> {
  const answer = await ask(server);
  checkStatus(server, answer);
  checkClock(answer.date, clock.now());
  const data = dataOf(server, answer.body);
  const content = data[clusterInfo.key] ?? '';
  const authority = authorityOf(server, content, hash);
  checkSignature(token, content, data[clusterInfo.signature(token.id)]);
  return { authority, localAddress: answer.localAddress };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Milliseconds since the epoch; NaN when the server does not say. */
  readonly date: number;
  readonly localAddress: string;
}

function ask(server: URL): Promise<Answer> {
  const { namespace, name } = clusterInfo;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(`/api/v1/namespaces/${namespace}/configmaps/${name}`, server),
      // Nobody vouches for this server yet: what it says is checked by its content.
      { rejectUnauthorized: false, agent: false, signal: AbortSignal.timeout(patience) },
      (response) => {
        const localAddress = (response.socket.localAddress ?? '').replace(/^::ffff:/, '');
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', (error) => reject(unreachable(server, error)));
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, body, date: parseTimestamp(headers.date ?? ''), localAddress });
        });
      },
    );
    outgoing.on('error', (error) => reject(unreachable(server, error)));
    outgoing.end();
  });
}

function unreachable(server: URL, error: unknown): UserError {
  const code = codeOf(error) ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new UserError(`no address is known for ${server.hostname}`, 'pass the address that `token create` printed');
  }
  if (code === 'ECONNREFUSED') {
    return new UserError(
      `nothing listens at ${server.host}`,
      'is the cluster running there, and on this port? see on that machine: coracle status',
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('HPE_')) {
    return new UserError(`what answers at ${server.host} is no API server: ${messageOf(error)}`, 'check the port');
  }
  const why = messageOf(error).includes('timeout') ? `no answer within ${patience / 1000} s` : messageOf(error);
  return new UserError(`cannot reach ${server.host}: ${why}`, 'check the address, the link and firewalls on the way');
}

function checkStatus({ host }: URL, { status, body }: Answer): void {
  if (status === 200) return;
  if (status === 401 || status === 403) {
    throw new UserError(
      `${host} lets nobody read ${clusterInfo.namespace}/${clusterInfo.name}, by which machines find out whom to trust`,
      'the cluster does not admit anonymous requests, or lacks the role kubeadm:bootstrap-signer-clusterinfo',
    );
  }
  throw new UserError(
    `${host} has no ${clusterInfo.namespace}/${clusterInfo.name}: ${status} ${body.slice(0, 200)}`,
    'is it the API server of a Coracle cluster?',
  );
}

function checkClock(theirs: number, ours: number): void {
  const skew = ours - theirs;
  if (Number.isNaN(skew) || Math.abs(skew) <= largestSkew) return;
  const minutes = Math.round(Math.abs(skew) / 60_000);
  throw new UserError(
    `this machine's clock is ${minutes} minutes ${skew > 0 ? 'ahead of' : 'behind'} the server's`,
    'set the one that is wrong (timedatectl set-ntp true): certificates and leases count on time',
  );
}

function dataOf({ host }: URL, body: string): Readonly<Record<string, string>> {
  try {
    return (JSON.parse(body) as { data?: Readonly<Record<string, string>> }).data ?? {};
  } catch {
    throw new UserError(`what answers at ${host} is no API server: it sent no JSON`, 'check the address and the port');
  }
}

function authorityOf({ host }: URL, content: string, wanted: string): string {
  const authority = parseClusterInfo(content)?.authority;
  if (authority === undefined)
    throw new UserError(`${host} shows no certificate authority`, 'is it a Coracle cluster?');
  const present = publicKeyHash(authority);
  if (present === wanted) return authority;
  throw new UserError(
    `the certificate authority of ${host} is another one: its hash is ${present}, not ${wanted}`,
    'this is another cluster, or somebody is in between; compare with what `coracle token create` prints on the server',
  );
}

function checkSignature(token: BootstrapToken, content: string, signature: string | undefined): void {
  if (signature === undefined) {
    throw new UserError(
      `the cluster knows no token ${token.id}: it has ended, was deleted, or is of another cluster`,
      'make a new one on the server: coracle token create',
    );
  }
  if (isSignatureOf(signature, content, token)) return;
  throw new UserError(
    `the second half of token ${token.id} is wrong`,
    'copy the whole line that `coracle token create` printed, or see: coracle token list',
  );
}
