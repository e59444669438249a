/** One registry, spoken to by the distribution protocol v2: manifests and blobs, with bearer or basic auth. */
import { STATUS_CODES } from 'node:http';
import { messageOf } from '../base/errors.ts';
import { type HttpAnswer, type HttpClient, HttpError, readBody } from './http.ts';
import { mediaTypes } from './manifest.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { RegistryAuth } from './service.ts';

export interface Repository {
  /** Host to speak to, such as `registry-1.docker.io`. */
  readonly host: string;
  readonly path: string;
}

/** The registry answered, and the answer is no. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  /** Milliseconds after which the registry wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const maxManifestBytes = 4 * 1024 * 1024;
const maxTokenBytes = 1024 * 1024;
const maxTokens = 256;
/** Of what a registry says about an error: it is shown to users. */
const longestWords = 512;
const manifestTypes = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest];

export class Registry {
  readonly #http: HttpClient;
  readonly #repository: Repository;
  readonly #auth: RegistryAuth | undefined;
  /** `Authorization` values that worked, shared between clients of the same repository and credentials. */
  readonly #tokens: Map<string, string>;

  constructor(http: HttpClient, repository: Repository, auth: RegistryAuth | undefined, tokens: Map<string, string>) {
    this.#http = http;
    this.#repository = repository;
    this.#auth = auth;
    this.#tokens = tokens;
  }

  /** `reference` is a tag or a digest. */
  async manifest(reference: string, signal: AbortSignal): Promise<{ bytes: Buffer; mediaType: string }> {
    const answer = await this.#get(`manifests/${reference}`, { accept: manifestTypes.join(', ') }, signal);
    if (answer.status !== 200) await refuse(answer);
    return { bytes: await readBody(answer, maxManifestBytes), mediaType: answer.headers['content-type'] ?? '' };
  }

  /** The blob from byte `from` on; `start` says where the answer really begins. */
  async blob(digest: string, from: number, signal: AbortSignal): Promise<{ start: number; body: HttpAnswer }> {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const answer = await this.#get(
      `blobs/${digest}`,
      { accept: '*/*', 'accept-encoding': 'identity', ...headers },
      signal,
    );
    if (answer.status === 206) {
      const start = Number(/^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1] ?? Number.NaN);
      if (start === from) return { start, body: answer };
      answer.discard();
      throw new HttpError(
        `${answer.url.href}: asked for bytes from ${from}, got ${answer.headers['content-range'] ?? 'none'}`,
      );
    }
    if (answer.status !== 200) await refuse(answer);
    return { start: 0, body: answer };
  }

  async #get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    const { host } = this.#repository;
    const url = new URL(`${this.#http.schemeOf(host)}://${host}/v2/${this.#repository.path}/${path}`);
    const known = this.#tokens.get(this.#tokenKey);
    const first = await this.#http.request({ url, headers: authorized(headers, known), signal });
    if (first.status !== 401) return first;
    const challenges = parseChallenges(first.headers['www-authenticate'] ?? '');
    first.discard();
    const answer = await this.#authorize(challenges, signal);
    if (answer === undefined) throw new RegistryError(401, 'authorization failed: no basic auth credentials');
    this.#remember(answer);
    return this.#http.request({ url, headers: authorized(headers, answer), signal });
  }

  async #authorize(challenges: readonly Challenge[], signal: AbortSignal): Promise<string | undefined> {
    if (this.#auth?.registryToken !== undefined) return `Bearer ${this.#auth.registryToken}`;
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) return `Bearer ${await this.#token(bearer, signal)}`;
    return challenges.some((challenge) => challenge.scheme === 'basic') ? basic(this.#auth) : undefined;
  }

  async #token(challenge: Challenge, signal: AbortSignal): Promise<string> {
    const { realm, service } = challenge.parameters;
    if (realm === undefined) throw new RegistryError(401, 'authorization failed: challenge without realm');
    const url = URL.parse(realm);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new RegistryError(401, `authorization failed: challenge with realm ${JSON.stringify(realm.slice(0, 200))}`);
    }
    if (url.protocol === 'http:' && this.#http.schemeOf(url.host) !== 'http') {
      throw new RegistryError(401, `authorization failed: token server ${url.host} does not use TLS`);
    }
    const scope = challenge.parameters['scope'] ?? `repository:${this.#repository.path}:pull`;
    const answer = await this.#askToken(url, service, scope, signal);
    if (answer.status !== 200) await refuse(answer);
    let token: unknown;
    try {
      const parsed = JSON.parse((await readBody(answer, maxTokenBytes)).toString('utf8')) as Record<string, unknown>;
      token = parsed['token'] ?? parsed['access_token'];
    } catch (error) {
      throw new RegistryError(401, `authorization failed: token server ${url.host}: ${messageOf(error)}`);
    }
    if (typeof token !== 'string') throw new RegistryError(401, `authorization failed: no token from ${url.host}`);
    return token;
  }

  #askToken(url: URL, service: string | undefined, scope: string, signal: AbortSignal): Promise<HttpAnswer> {
    const identity = this.#auth?.identityToken;
    const form = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope });
    if (identity === undefined) {
      for (const [name, value] of form) url.searchParams.set(name, value);
      return this.#http.request({ url, headers: authorized({}, basic(this.#auth)), signal });
    }
    form.set('grant_type', 'refresh_token');
    form.set('client_id', 'coracle');
    form.set('refresh_token', identity);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#http.request({ method: 'POST', url, headers, body: form.toString(), signal });
  }

  get #tokenKey(): string {
    return `${this.#repository.host}/${this.#repository.path} ${basic(this.#auth) ?? ''} ${this.#auth?.identityToken ?? ''}`;
  }

  #remember(authorization: string): void {
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= maxTokens && oldest !== undefined) this.#tokens.delete(oldest);
    this.#tokens.set(this.#tokenKey, authorization);
  }
}

function basic(auth: RegistryAuth | undefined): string | undefined {
  if (auth?.username === undefined || auth.username === '') return undefined;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password ?? ''}`).toString('base64')}`;
}

function authorized(
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Record<string, string> {
  return authorization === undefined ? { ...headers } : { ...headers, authorization };
}

/** Throws what the registry said, in its own words where it gave some. */
async function refuse(answer: HttpAnswer): Promise<never> {
  let words = '';
  try {
    const body = (await readBody(answer, 64 * 1024)).toString('utf8');
    const parsed = JSON.parse(body) as { errors?: readonly { code?: string; message?: string }[] };
    const all = (parsed.errors ?? []).map(({ code = '', message = '' }) => `${code.toLowerCase()}: ${message}`);
    words = all.join(', ').slice(0, longestWords);
  } catch {
    answer.discard(); // The status alone has to do: the body is no registry's.
  }
  if (answer.status === 404) throw new RegistryError(404, 'not found');
  if (answer.status === 401 || answer.status === 403) {
    const server = words === '' ? `${answer.status}` : words;
    throw new RegistryError(
      answer.status,
      `pull access denied, repository does not exist or may require authorization: server message: ${server}`,
    );
  }
  const { status, url } = answer;
  const name = STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`;
  throw new RegistryError(
    status,
    `unexpected status from GET request to ${url.href}: ${status}${name}${words === '' ? '' : `: ${words}`}`,
    secondsOf(answer.headers['retry-after']),
  );
}

/** Of a `Retry-After` in seconds, as registries send it; in milliseconds. */
function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined;
}
