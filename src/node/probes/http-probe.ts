/** httpGet probes. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HTTPGetAction } from '../../api/core/probe.ts';
import { dialError, failed, hostPort, succeeded, type Outcome } from './outcome.ts';

const mostRedirects = 10;
const longestBody = 10 * 1024;

/** `signal` aborts when the probe's time is over. Answers of 200 to 399 are success. */
export async function httpProbe(
  action: HTTPGetAction,
  podIp: string,
  port: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const host = action.host === undefined || action.host === '' ? podIp : action.host;
  const path = action.path === undefined || action.path === '' ? '/' : action.path;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  let url = new URL(`${scheme}://${hostPort(host, port)}${path.startsWith('/') ? path : `/${path}`}`);
  const first = shown(url);
  for (let redirects = 0; ; redirects += 1) {
    let answer: IncomingMessage;
    try {
      answer = await get(url, headersOf(action), signal);
    } catch (error) {
      if (signal.aborted) {
        return failed(
          `Get "${shown(url)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
        );
      }
      return failed(`Get "${shown(url)}": ${dialError(error, hostPort(host, port))}`);
    }
    const status = answer.statusCode ?? 0;
    const location = answer.headers.location;
    if (status < 300 || status >= 400 || location === undefined) return judged(answer, status);
    answer.destroy();
    const next = new URL(location, url);
    // Another host's health says nothing of this container.
    if (next.hostname !== url.hostname)
      return { result: 'success', warning: `Probe terminated redirects, Response body: ` };
    if (redirects >= mostRedirects) return failed(`Get "${first}": stopped after 10 redirects`);
    url = next;
  }
}

async function judged(answer: IncomingMessage, status: number): Promise<Outcome> {
  if (status >= 200 && status < 400) {
    answer.destroy();
    return succeeded;
  }
  answer.destroy();
  return failed(`HTTP probe failed with statuscode: ${status}`);
}

/** Without the slash that URL adds to a bare host, and as the user wrote the rest. */
const shown = (url: URL): string => url.href;

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
    maxHeaderSize: longestBody * 8,
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
}
