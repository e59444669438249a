/**
 * The cluster's own certificates and keys, made at the first start and renewed at later ones when they come
 * near their end or no longer name an address that clients use. A certificate authority brought by the user
 * (ca.crt and ca.key in the folder) is kept.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timestamp, type Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { writeFileDurably } from '../../base/file.ts';
import type { Random } from '../../base/random.ts';
import { UserError } from '../../cli/user-error.ts';
import { AuthorityError, readAuthority } from '../../pki/authority.ts';
import {
  coversNames,
  createAuthority,
  createSigningKey,
  expiryOf,
  isIssuedBy,
  issueCertificate,
  lifetimeOf,
  type CertificateRequest,
  type KeyPair,
} from '../../pki/certificate.ts';

const day = 24 * 3_600_000;
const authorityLifetime = 3_650 * day;
export const certificateLifetime = 365 * day;
/** Renewed when so much of its life is left: 61 days of a year. */
const renewalShare = 1 / 6;

export interface CredentialsRequest {
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Names and addresses under which clients reach the API server. */
  readonly serverNames: { readonly dnsNames: readonly string[]; readonly addresses: readonly string[] };
  /** Milliseconds for which certificates are good; a year when not said. */
  readonly lifetime?: number;
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

/**
 * Takes the authority that somebody brings in these files, in place of ours or of the one before: what that one
 * has signed is made anew by `ensureCredentials`. Whether it is another one. Throws a UserError.
 */
export function adoptAuthority(
  folder: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
  now: number,
): boolean {
  const brought = readBrought(certificate, key, now);
  if (existsSync(certificatePath(folder, 'ca')) && readKeyPair(folder, 'ca').certificate === brought.certificate) {
    return false;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write(folder, 'ca', brought);
  return true;
}

function readBrought(certificate: string, key: string, now: number): KeyPair {
  try {
    return readAuthority(readFileSync(certificate, 'utf8'), readFileSync(key, 'utf8'), now);
  } catch (error) {
    if (!(error instanceof AuthorityError) && codeOf(error) === undefined) throw error;
    throw new UserError(
      `${certificate} with the key ${key} can't be the cluster's authority: ${messageOf(error)}`,
      'see: coracle up --help',
      2,
    );
  }
}

/** Throws a UserError when the authority has ended: nothing that it signs would be believed. */
export function checkAuthority(folder: string, now: number): void {
  const path = certificatePath(folder, 'ca');
  if (!existsSync(path)) return;
  const end = expiryOf(readFileSync(path, 'utf8'));
  if (end > now) return;
  throw new UserError(
    `the cluster's certificate authority ${path} ended on ${timestamp(end)}`,
    'bring another: coracle up --ca-cert FILE --ca-key FILE (clients get new credentials with it)',
  );
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
  const authority = readKeyPair(request.folder, authorityName);
  if (existsSync(path) && existsSync(keyPath(request.folder, name))) {
    const present = readFileSync(path, 'utf8');
    const serves = coversNames(present, wanted) && isIssuedBy(present, authority.certificate);
    if (serves && !isDue(present, authority, now)) return false;
  }
  const validity = { from: now - backdated, until: now + (request.lifetime ?? certificateLifetime) };
  write(request.folder, name, await issueCertificate(authority, wanted, validity, request.random));
  return true;
}

/** For clocks that are behind. */
const backdated = 60_000;

/** Near its end, as far as a new one would be good for longer: none outlives its authority. */
function isDue(present: string, authority: KeyPair, now: number): boolean {
  const end = expiryOf(present);
  return end - (lifetimeOf(present) - backdated) * renewalShare <= now && end < expiryOf(authority.certificate);
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
