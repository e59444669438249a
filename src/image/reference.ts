/**
 * Image names, normalised as everybody expects: `busybox` is `docker.io/library/busybox:latest`.
 * The grammar and the words of the errors are those users know from other runtimes.
 */
export interface Reference {
  /** Registry host, with port if any: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Path within the registry: `library/busybox`. */
  readonly path: string;
  /** Absent only when a digest is given without a tag. */
  readonly tag?: string;
  /** `sha256:...`; wins over the tag. */
  readonly digest?: string;
}

export class ReferenceError extends Error {
  override readonly name = 'ReferenceError';
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domainLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = new RegExp(`^(?:${domainLabel}(?:\\.${domainLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Parses and normalises; throws ReferenceError. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new ReferenceError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { rest, digest } = splitDigest(text);
  const { name, tag } = splitTag(rest);
  const { domain, path } = splitDomain(name);
  if (path !== path.toLowerCase()) {
    throw new ReferenceError(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!domainPattern.test(domain) || !pathPattern.test(path)) throw new ReferenceError('invalid reference format');
  if (tag !== undefined && !tagPattern.test(tag)) throw new ReferenceError('invalid reference format');
  if (domain.length + 1 + path.length > 255) {
    throw new ReferenceError('invalid reference format: repository name must not be more than 255 characters');
  }
  const effectiveTag = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    domain,
    path,
    ...(effectiveTag === undefined ? {} : { tag: effectiveTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** `docker.io/library/busybox`. */
export function repositoryOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The whole name: `docker.io/library/busybox:latest`, `name:tag@sha256:...` or `name@sha256:...`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

/** `sha256:<64 hex digits>`: the form of ids and digests that the store keeps. */
export function isDigest(text: string): boolean {
  return /^sha256:[a-f0-9]{64}$/.test(text);
}

function splitDigest(text: string): { rest: string; digest?: string } {
  const at = text.indexOf('@');
  if (at < 0) return { rest: text };
  const digest = text.slice(at + 1);
  if (!digestPattern.test(digest)) throw new ReferenceError('invalid reference format');
  const [algorithm = '', hex = ''] = digest.split(':');
  const length = digestLengths[algorithm];
  if (length === undefined) throw new ReferenceError('unsupported digest algorithm');
  if (hex.length !== length) throw new ReferenceError('invalid checksum digest length');
  if (hex !== hex.toLowerCase()) throw new ReferenceError('invalid checksum digest format');
  return { rest: text.slice(0, at), digest };
}

function splitTag(text: string): { name: string; tag?: string } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.includes('/', colon)) return { name: text };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const domain = slash >= 0 && isHost ? first : 'docker.io';
  const path = slash >= 0 && isHost ? name.slice(slash + 1) : name;
  if (domain !== 'docker.io' && domain !== 'index.docker.io') return { domain, path };
  return { domain: 'docker.io', path: path.includes('/') ? path : `library/${path}` };
}
