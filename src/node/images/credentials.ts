/** Registry credentials out of pull secrets, matched to an image as upstream's keyring does. Pure. */
import type { Secret } from '../../api/core/secret.ts';
import type { RegistryAuth } from '../../runtime/runtime.ts';

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** All credentials that may open this image, the most specific first. Malformed secrets give none. */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly RegistryAuth[] {
  const wanted = normalized(image);
  return secrets
    .flatMap(entriesOf)
    .filter(([server]) => matches(wanted, server))
    .sort(([a], [b]) => b.length - a.length)
    .map(([, entry]) => authOf(entry));
}

function entriesOf(secret: Secret): readonly (readonly [string, Entry])[] {
  const modern = decoded(secret.data?.['.dockerconfigjson']) as { auths?: Record<string, Entry> } | undefined;
  const legacy = decoded(secret.data?.['.dockercfg']) as Record<string, Entry> | undefined;
  return Object.entries({ ...legacy, ...modern?.auths });
}

function decoded(base64: string | undefined): unknown {
  if (base64 === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    // A secret that is not JSON opens nothing; the pull then says what the registry says.
    return undefined;
  }
}

function authOf(entry: Entry): RegistryAuth {
  const [user, ...rest] = Buffer.from(entry.auth ?? '', 'base64')
    .toString()
    .split(':');
  const username = entry.username ?? user;
  const password = entry.password ?? rest.join(':');
  return {
    ...(username === undefined || username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(entry.identitytoken === undefined ? {} : { identityToken: entry.identitytoken }),
    ...(entry.registrytoken === undefined ? {} : { registryToken: entry.registrytoken }),
  };
}

/** `host[:port]/path` of an image, with Docker Hub's host where none is written. */
function normalized(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const named = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  if (!named) return `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`;
  return name.replace(/^index\.docker\.io\//, 'docker.io/');
}

/** `*.example.com/team` matches hosts by glob per label, and a path by prefix. */
function matches(image: string, server: string): boolean {
  const pattern = server
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .replace(/\/$/, '')
    .replace(/^(index|registry-1)\.docker\.io/, 'docker.io');
  const [wantedHost = '', ...wantedPath] = image.split('/');
  const [host = '', ...path] = pattern.split('/');
  const labels = host.split('.');
  const wantedLabels = wantedHost.split('.');
  if (labels.length !== wantedLabels.length) return false;
  const hostFits = labels.every((label, at) => globMatches(label, wantedLabels[at] ?? ''));
  return hostFits && wantedPath.join('/').startsWith(path.join('/'));
}

function globMatches(glob: string, text: string): boolean {
  const expression = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(text);
}
