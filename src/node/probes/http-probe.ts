/** httpGet probes. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HTTPGetAction } from '../../api/core/probe.ts';
import { dialError, failed, hostPort, succeeded, type Outcome } from './outcome.ts';

const mostRedirects = 10;
const largestHeaders = 80 * 1024;

/** `signal` aborts when the probe's time is over. Answers of 200 to 399 are success. */
export async function httpProbe(
  action: HTTPGetAction,
  podIp: string,
  port: number,
  signal: AbortSignal,
): Promise<Outcome> {
  let url = urlOf(action, podIp, port);
  const first = url.href;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const answer = await get(url, headersOf(action), signal).catch((error: unknown) => unreached(error, url, signal));
    if ('result' in answer) return answer;
    const { statusCode = 0, headers } = answer;
    answer.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return judged(statusCode);
    const next = new URL(headers.location, url);
    // Another host's health says nothing of this container.
    if (next.hostname !== url.hostname) return { result: 'success', warning: 'Probe terminated redirects' };
    url = next;
  }
  return failed(`Get "${first}": stopped after ${mostRedirects} redirects`);
}

function urlOf({ host = '', path = '/', scheme = 'HTTP' }: HTTPGetAction, podIp: string, port: number): URL {
  const where = hostPort(host === '' ? podIp : host, port);
  return new URL(`${scheme.toLowerCase()}://${where}${path.startsWith('/') ? path : `/${path}`}`);
}

function unreached(error: unknown, url: URL, signal: AbortSignal): Outcome {
  const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  return failed(`Get "${url.href}": ${signal.aborted ? late : dialError(error, url.host)}`);
}

const judged = (status: number): Outcome =>
  status >= 200 && status < 400 ? succeeded : failed(`HTTP probe failed with statuscode: ${status}`);

function headersOf(action: HTTPGetAction): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = {
    'User-Agent': ['kube-probe/1.35'],
    Accept: ['*/*'],
    Connection: ['close'],
  };
  const own = new Set<string>();
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = Object.keys(headers).find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
    // What the probe says replaces ours; the same header twice is sent twice. An empty value takes ours away.
    headers[key] = own.has(key) ? [...(headers[key] ?? []), value] : [value];
    own.add(key);
  }
  return Object.fromEntries(
    Object.entries(headers).filter(([key, values]) => key !== 'Accept' || values.join('') !== ''),
  );
}

function get(url: URL, headers: Readonly<Record<string, string[]>>, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const host = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1][0];
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method: 'GET',
    headers: host === undefined ? headers : { ...headers, host },
    signal,
    agent: false,
    maxHeaderSize: largestHeaders,
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
}
