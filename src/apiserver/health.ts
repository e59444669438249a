/** /healthz, /livez and /readyz, whole or check by check, as upstream writes them. */
import type { Logger } from '../base/log.ts';
import { messageOf } from '../base/errors.ts';
import type { RequestInfo } from './http/request-info.ts';
import type { HealthCheck } from './server-types.ts';

export interface HealthAnswer {
  readonly status: number;
  readonly text: string;
}

type Endpoint = 'healthz' | 'livez' | 'readyz';

/** `/readyz`, `/readyz/ping`, ...; undefined for other paths. */
export function healthPath(path: string): { readonly endpoint: Endpoint; readonly check: string } | undefined {
  const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path);
  return match === null ? undefined : { endpoint: match[1] as Endpoint, check: match[2] ?? '' };
}

export async function answerHealth(
  checks: readonly HealthCheck[],
  info: RequestInfo,
  log: Logger,
): Promise<HealthAnswer> {
  const asked = healthPath(info.path);
  if (asked === undefined) return { status: 404, text: '404 page not found\n' };
  const { endpoint } = asked;
  const relevant = checks.filter(({ endpoints }) => endpoint === 'healthz' || endpoints.includes(endpoint));
  if (asked.check !== '') {
    const only = relevant.find(({ name }) => name === asked.check);
    return only === undefined ? { status: 404, text: '404 page not found\n' } : answerOne(only, log);
  }
  return answerAll(endpoint, relevant, info.query, log);
}

async function answerOne(check: HealthCheck, log: Logger): Promise<HealthAnswer> {
  const reason = await failureOf(check);
  if (reason === undefined) return { status: 200, text: 'ok' };
  log.warn('health check failed', { check: check.name, reason });
  return { status: 500, text: `internal server error: ${reason}\n` };
}

async function answerAll(
  endpoint: Endpoint,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
  log: Logger,
): Promise<HealthAnswer> {
  const excluded = new Set(query.getAll('exclude').flatMap((each) => each.split(',')));
  const lines: string[] = [];
  const failed: string[] = [];
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const reason = await failureOf(check);
    if (reason === undefined) lines.push(`[+]${check.name} ok`);
    else {
      // Why is for the log: whoever may ask for health need not be told more.
      lines.push(`[-]${check.name} failed: reason withheld`);
      failed.push(check.name);
      log.warn('health check failed', { check: check.name, reason });
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (failed.length > 0) return { status: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` };
  return { status: 200, text: query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok' };
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
