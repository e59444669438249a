/**
 * The cluster's own certificates and keys, made at the first start and renewed at later ones when they come
 * near their end or no longer name an address that clients use. A certificate authority brought by the user
 * (ca.crt and ca.key in the folder) is kept.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '../base/file.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import {
  coversNames,
  createAuthority,
  createSigningKey,
  expiryOf,
  issueCertificate,
  type CertificateRequest,
  type KeyPair,
} from '../pki/certificate.ts';

const day = 24 * 3_600_000;
const authorityLifetime = 3_650 * day;
const certificateLifetime = 365 * day;
/** Renewed this long before the end. */
const renewalMargin = 60 * day;

export interface CredentialsRequest {
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Names and addresses under which clients reach the API server. */
  readonly serverNames: { readonly dnsNames: readonly string[]; readonly addresses: readonly string[] };
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/** Paths of a certificate and its key in the folder. */
export const certificatePath = (folder: string, name: string): string => join(folder, `${name}.crt`);
export const keyPath = (folder: string, name: string): string => join(folder, `${name}.key`);

export function readKeyPair(folder: string, name: string): KeyPair {
  return {
    certificate: readFileSync(certificatePath(folder, name), 'utf8'),
    key: readFileSync(keyPath(folder, name), 'utf8'),
  };
}

/** Makes whatever is missing, too old or too narrow. Returns the names of what was made. */
export async function ensureCredentials(request: CredentialsRequest): Promise<readonly string[]> {
  const { folder } = request;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  if (await ensureAuthority(request, 'ca', 'kubernetes')) made.push('ca');
  if (await ensureAuthority(request, 'front-proxy-ca', 'front-proxy-ca')) made.push('front-proxy-ca');
  for (const [name, authority, wanted] of wantedCertificates(request)) {
    if (await ensureCertificate(request, name, authority, wanted)) made.push(name);
  }
  if (await ensureSigningKey(folder)) made.push('sa');
  return made;
}

function wantedCertificates(request: CredentialsRequest): readonly (readonly [string, string, CertificateRequest])[] {
  const client = (commonName: string, ...organizations: string[]): CertificateRequest => ({
    commonName,
    organizations,
    usages: ['client'],
  });
  const account = (name: string): CertificateRequest =>
    client(`system:serviceaccount:kube-system:${name}`, 'system:serviceaccounts', 'system:serviceaccounts:kube-system');
  return [
    ['apiserver', 'ca', { commonName: 'kube-apiserver', ...request.serverNames, usages: ['server'] }],
    ['apiserver-kubelet-client', 'ca', client('kube-apiserver-kubelet-client')],
    ['front-proxy-client', 'front-proxy-ca', client('front-proxy-client')],
    ['admin', 'ca', client('kubernetes-admin', 'system:masters')],
    ['kube-proxy', 'ca', client('system:kube-proxy')],
    ['coredns', 'ca', account('coredns')],
    ['local-path-provisioner', 'ca', account('local-path-provisioner')],
    ['ingress', 'ca', account('coracle-ingress')],
    ['simulated-nodes', 'ca', account('coracle-simulated-nodes')],
    // What the ingress shows to those who ask for a host without a certificate of its own.
    [
      'ingress-default',
      'ca',
      { ...request.serverNames, commonName: 'Coracle Ingress Default Certificate', usages: ['server'] },
    ],
    ...request.nodes.flatMap(({ name, addresses }): (readonly [string, string, CertificateRequest])[] => [
      [`node-${name}`, 'ca', client(`system:node:${name}`, 'system:nodes')],
      [
        `kubelet-${name}`,
        'ca',
        {
          commonName: `system:node:${name}`,
          organizations: ['system:nodes'],
          dnsNames: [name],
          addresses,
          usages: ['server'],
        },
      ],
    ]),
  ];
}

async function ensureAuthority(request: CredentialsRequest, name: string, commonName: string): Promise<boolean> {
  if (existsSync(certificatePath(request.folder, name))) return false;
  const from = request.clock.now() - 60_000;
  write(
    request.folder,
    name,
    await createAuthority(commonName, { from, until: from + authorityLifetime }, request.random),
  );
  return true;
}

async function ensureCertificate(
  request: CredentialsRequest,
  name: string,
  authorityName: string,
  wanted: CertificateRequest,
): Promise<boolean> {
  const now = request.clock.now();
  const path = certificatePath(request.folder, name);
  if (existsSync(path) && existsSync(keyPath(request.folder, name))) {
    const present = readFileSync(path, 'utf8');
    if (expiryOf(present) - renewalMargin > now && coversNames(present, wanted)) return false;
  }
  const authority = readKeyPair(request.folder, authorityName);
  const validity = { from: now - 60_000, until: now + certificateLifetime };
  write(request.folder, name, await issueCertificate(authority, wanted, validity, request.random));
  return true;
}

async function ensureSigningKey(folder: string): Promise<boolean> {
  if (existsSync(join(folder, 'sa.key')) && existsSync(join(folder, 'sa.pub'))) return false;
  const { privateKey, publicKey } = await createSigningKey();
  writeFileDurably(join(folder, 'sa.pub'), publicKey, 0o644);
  writeFileDurably(join(folder, 'sa.key'), privateKey);
  return true;
}

function write(folder: string, name: string, pair: KeyPair): void {
  writeFileDurably(keyPath(folder, name), pair.key);
  writeFileDurably(certificatePath(folder, name), pair.certificate, 0o644);
}
