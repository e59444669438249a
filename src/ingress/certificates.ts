/** Certificates by server name, from the Secrets that Ingresses name. A changed Secret counts from the next handshake on. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { Ingress, IngressTLS } from '../api/networking/ingress.ts';
import type { Secret } from '../api/core/secret.ts';
import { messageOf } from '../base/errors.ts';
import type { Problem } from './routing.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

interface Parsed {
  readonly context: SecureContext;
  readonly names: readonly string[];
}

type SecretReader = (namespace: string, name: string) => Secret | undefined;

/** Keeps parsed certificates while their Secrets stay the same: parsing costs milliseconds. */
export class Certificates {
  readonly #parsed = new Map<string, Parsed | string>();
  #byName = new Map<string, SecureContext>();
  #fallback: SecureContext | undefined;

  /** `fallback`: for names that no Ingress has a certificate for. */
  constructor(fallback: KeyPair | undefined) {
    this.#fallback = fallback === undefined ? undefined : createSecureContext(fallback);
  }

  rotate(fallback: KeyPair): void {
    this.#fallback = createSecureContext(fallback);
  }

  /** Takes over what the Ingresses say now; returns what is wrong with it. */
  update(ingresses: readonly Ingress[], secretOf: SecretReader): readonly Problem[] {
    const problems: Problem[] = [];
    const byName = new Map<string, SecureContext>();
    const used = new Set<string>();
    for (const { ingress, hosts = [], secretName = '' } of ingresses.flatMap(tlsOf)) {
      const found = this.#load(ingress.metadata.namespace ?? '', secretName, secretOf, used);
      if ('reason' in found) problems.push({ ingress, ...found });
      else addNames(byName, hosts.length > 0 ? hosts : found.names, found.context);
    }
    for (const key of this.#parsed.keys()) if (!used.has(key)) this.#parsed.delete(key);
    this.#byName = byName;
    return problems;
  }

  find(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const dot = name.indexOf('.');
    const wildcard = dot < 0 ? undefined : this.#byName.get(`*${name.slice(dot)}`);
    return this.#byName.get(name) ?? wildcard ?? this.#fallback;
  }

  #load(namespace: string, name: string, secretOf: SecretReader, used: Set<string>): Parsed | Omit<Problem, 'ingress'> {
    const secret = secretOf(namespace, name);
    const instead = 'its hosts get the default certificate';
    if (secret === undefined) {
      return { reason: 'MissingCertificate', message: `there is no Secret ${namespace}/${name}; ${instead}` };
    }
    const key = `${namespace}/${name} ${secret.metadata.resourceVersion}`;
    used.add(key);
    const parsed = this.#parsed.get(key) ?? parseSecret(secret);
    this.#parsed.set(key, parsed);
    if (typeof parsed !== 'string') return parsed;
    return { reason: 'BrokenCertificate', message: `Secret ${namespace}/${name}: ${parsed}; ${instead}` };
  }
}

function tlsOf(ingress: Ingress): readonly (IngressTLS & { readonly ingress: Ingress })[] {
  const named = (ingress.spec?.tls ?? []).filter(({ secretName = '' }) => secretName !== '');
  return named.map((tls) => ({ ...tls, ingress }));
}

/** The first Ingress that names a host has it. */
function addNames(byName: Map<string, SecureContext>, names: readonly string[], context: SecureContext): void {
  for (const name of names.map((each) => each.toLowerCase())) if (!byName.has(name)) byName.set(name, context);
}

function parseSecret({ data = {} }: Secret): Parsed | string {
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => decode(data[name]));
  if (cert === undefined || key === undefined) return 'it has no tls.crt or no tls.key';
  try {
    const context = createSecureContext({ cert, key });
    const names = (new X509Certificate(cert).subjectAltName ?? '')
      .split(', ')
      .flatMap((each) => /^DNS:(.+)$/.exec(each)?.[1] ?? []);
    return { context, names };
  } catch (error) {
    return messageOf(error);
  }
}

function decode(value: unknown): string | undefined {
  if (typeof value === 'string') return Buffer.from(value, 'base64').toString('utf8');
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}
