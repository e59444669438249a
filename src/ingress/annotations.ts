/** What annotations of an Ingress ask for. Those of ingress-nginx are understood, and the same under our own prefix. */
import { isIP } from 'node:net';

const prefixes = ['ingress.coracle.dev/', 'nginx.ingress.kubernetes.io/'];

type BackendProtocol = 'HTTP' | 'HTTPS' | 'GRPC' | 'GRPCS';

export interface RouteSettings {
  readonly protocol: BackendProtocol;
  /** Replaces what the path matched; `$1` stands for a group of a path that is a regular expression. */
  readonly rewriteTarget: string | undefined;
  readonly regex: boolean;
  /** Where `/` leads to. */
  readonly appRoot: string | undefined;
  /** Send plain HTTP to HTTPS: always, or when the host has a certificate. */
  readonly sslRedirect: 'never' | 'tls' | 'always';
  readonly redirect: { readonly status: number; readonly location: string } | undefined;
  /** Bytes; undefined: any. */
  readonly bodyLimit: number | undefined;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly readTimeout: number;
  readonly tries: number;
  readonly host: string | undefined;
  /** X-Forwarded-Prefix. */
  readonly forwardedPrefix: string | undefined;
  readonly allowedSources: readonly string[];
  /** Name of the cookie that keeps a client on its endpoint. */
  readonly stickyCookie: string | undefined;
}

/** A wrong annotation: it is left out, and told in an event. */
export interface AnnotationProblem {
  readonly key: string;
  readonly message: string;
}

export function settingsOf(annotations: Readonly<Record<string, string>> = {}): {
  readonly settings: RouteSettings;
  readonly problems: readonly AnnotationProblem[];
} {
  const problems: AnnotationProblem[] = [];
  const text = (key: string): string | undefined => {
    const value = prefixes.map((prefix) => annotations[prefix + key]).find((each) => each !== undefined);
    if (value === undefined || isPlain(value)) return value;
    // It would end up in headers.
    problems.push({ key, message: `annotation ${key} contains control characters` });
    return undefined;
  };
  const parsed = <T>(key: string, parse: (value: string) => T | undefined, fallback: T): T => {
    const value = text(key);
    if (value === undefined) return fallback;
    const result = parse(value.trim());
    if (result === undefined)
      problems.push({ key, message: `annotation ${key}: ${JSON.stringify(value)} is not valid` });
    return result ?? fallback;
  };
  const on = (key: string): boolean => parsed(key, parseBoolean, false);
  const rewriteTarget = text('rewrite-target');
  const settings: RouteSettings = {
    protocol: parsed('backend-protocol', parseProtocol, 'HTTP'),
    rewriteTarget,
    regex: on('use-regex') || /\$\d/.test(rewriteTarget ?? ''),
    appRoot: text('app-root'),
    sslRedirect: on('force-ssl-redirect') ? 'always' : on('ssl-redirect') ? 'tls' : 'never',
    redirect: redirectOf(text),
    bodyLimit: parsed<number | undefined>('proxy-body-size', parseSize, undefined) || undefined,
    connectTimeout: parsed('proxy-connect-timeout', parseSeconds, 5000),
    readTimeout: parsed('proxy-read-timeout', parseSeconds, 60_000),
    tries: Math.max(1, parsed('proxy-next-upstream-tries', parseNumber, 3) || 3),
    host: text('upstream-vhost'),
    forwardedPrefix: text('x-forwarded-prefix'),
    allowedSources: parsed('whitelist-source-range', parseRanges, parsed('allowlist-source-range', parseRanges, [])),
    stickyCookie: text('affinity') === 'cookie' ? (text('session-cookie-name') ?? 'INGRESSCOOKIE') : undefined,
  };
  return { settings, problems };
}

function redirectOf(text: (key: string) => string | undefined): RouteSettings['redirect'] {
  const permanent = text('permanent-redirect');
  if (permanent !== undefined) {
    const status = Number(text('permanent-redirect-code') ?? 301);
    return { status: status >= 300 && status <= 308 ? status : 301, location: permanent };
  }
  const temporary = text('temporal-redirect');
  return temporary === undefined ? undefined : { status: 302, location: temporary };
}

const parseBoolean = (text: string): boolean | undefined =>
  text === 'true' ? true : text === 'false' ? false : undefined;

function parseProtocol(text: string): BackendProtocol | undefined {
  const upper = text.toUpperCase();
  if (upper === 'AUTO_HTTP') return 'HTTP';
  return upper === 'HTTP' || upper === 'HTTPS' || upper === 'GRPC' || upper === 'GRPCS' ? upper : undefined;
}

const parseNumber = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

function parseSeconds(text: string): number | undefined {
  const match = /^(\d+)s?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 1000;
}

/** `8m`, `100k`, `1g`, bytes; 0 is no limit. */
function parseSize(text: string): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const factors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
  return Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? 1);
}

function parseRanges(text: string): readonly string[] | undefined {
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every(isRange) ? ranges : undefined;
}

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (longest < 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 32 || code === 127 || code > 255) return false;
  }
  return true;
}
