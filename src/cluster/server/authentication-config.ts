/**
 * `kube-system/extension-apiserver-authentication`: by which authorities and headers this API server knows who
 * asks. Servers behind it (aggregated APIs, and whoever delegates authentication) read it, and the role
 * `extension-apiserver-authentication-reader` lets them.
 *
 * Keys and merging: pkg/controlplane/controller/clusterauthenticationtrust.
 */
import { X509Certificate } from 'node:crypto';
import { ConfigMap } from '../../api/core/config-map.ts';
import { Namespace } from '../../api/core/namespace.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { isAlreadyExists, type Client } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Informers } from '../../client/informers.ts';
import { deepEqual } from '../../schema/freeze.ts';

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

export interface AuthenticationConfig {
  /** PEM bundles. */
  readonly clientAuthority: string;
  readonly frontProxyAuthority: string;
  /** Common names of front proxies. */
  readonly allowedNames: readonly string[];
}

export interface AuthenticationPublisherOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly read: () => AuthenticationConfig;
}

/** Makes the ConfigMap, and makes it right again when somebody changes or deletes it. */
export function authenticationPublisher({
  client,
  informers,
  clock,
  logger,
  read,
}: AuthenticationPublisherOptions): Controller {
  const configMaps = informers.of(ConfigMap);
  return new Controller(
    {
      name: 'authentication-config-publisher',
      sources: [
        watching(informers.of(Namespace), ({ object }) => (object.metadata.name === namespace ? [name] : [])),
        watching(configMaps, ({ object: { metadata } }) =>
          metadata.name === name && metadata.namespace === namespace ? [name] : [],
        ),
      ],
      async reconcile() {
        const present = configMaps.get({ namespace, name });
        const data = published(present?.data ?? {}, read(), clock.now());
        if (deepEqual(present?.data ?? {}, data)) return;
        if (present !== undefined) await client.update(ConfigMap, { ...present, data });
        else await client.create(ConfigMap, { metadata: { name, namespace }, data }).catch(unlessPresent);
      },
    },
    { clock, logger },
  );
}

function unlessPresent(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}

const headers = {
  'requestheader-username-headers': ['X-Remote-User'],
  'requestheader-uid-headers': ['X-Remote-Uid'],
  'requestheader-group-headers': ['X-Remote-Group'],
  'requestheader-extra-headers-prefix': ['X-Remote-Extra-'],
} as const;

/**
 * What is to stand there: ours, and what stands there already, for further API servers publish in the same
 * place. Certificates that have ended go.
 */
export function published(
  present: Readonly<Record<string, string>>,
  { clientAuthority, frontProxyAuthority, allowedNames }: AuthenticationConfig,
  now: number,
): Readonly<Record<string, string>> {
  const lists = { ...headers, 'requestheader-allowed-names': allowedNames };
  const merged = Object.entries(lists).map(([key, own]) => [key, JSON.stringify(union(own, listOf(present[key])))]);
  const bundle = (key: string, own: string): string =>
    union(
      certificatesOf(own),
      certificatesOf(present[key] ?? '').filter((pem) => isGood(pem, now)),
    ).join('');
  return {
    ...present,
    ...(Object.fromEntries(merged) as Record<string, string>),
    'client-ca-file': bundle('client-ca-file', clientAuthority),
    'requestheader-client-ca-file': bundle('requestheader-client-ca-file', frontProxyAuthority),
  };
}

const union = (own: readonly string[], others: readonly string[]): readonly string[] => [
  ...new Set([...own, ...others]),
];

/** What is no list of texts says nothing. */
function listOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

function certificatesOf(bundle: string): readonly string[] {
  const found = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  return found.map((pem) => `${pem}\n`);
}

function isGood(pem: string, now: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() > now;
  } catch {
    return false;
  }
}
