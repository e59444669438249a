/** What becomes of a certificate signing request. Pure. */
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../api/certificates/certificate-signing-request.ts';
import type { Node } from '../../api/core/node.ts';
import { parseTimestamp } from '../../base/clock.ts';
import type { CertificateRequest } from '../../pki/certificate.ts';

/** What readSigningRequest finds in a request. */
export interface Requested {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubelet: 'kubernetes.io/kube-apiserver-client-kubelet',
  serving: 'kubernetes.io/kubelet-serving',
  legacy: 'kubernetes.io/legacy-unknown',
} as const;

const nodePrefix = 'system:node:';
const nodeGroup = 'system:nodes';
const longest = 365 * 24 * 3_600;
const minute = 60_000;
const hour = 60 * minute;

/** What has been decided about a request. */
export function decisionOf({ status }: CertificateSigningRequest): 'pending' | 'approved' | 'denied' | 'failed' {
  const has = (type: string): boolean => (status?.conditions ?? []).some((each) => each.type === type);
  if (has('Denied')) return 'denied';
  if (has('Failed')) return 'failed';
  return has('Approved') ? 'approved' : 'pending';
}

export function isToBeSigned(csr: CertificateSigningRequest): boolean {
  const ours = (Object.values(signers) as readonly string[]).includes(csr.spec.signerName);
  return ours && decisionOf(csr) === 'approved' && (csr.status?.certificate ?? '') === '';
}

/** What the certificate will say. Throws an Error that says why the signer does not sign this. */
export function grantedFor({ spec }: CertificateSigningRequest, requested: Requested): CertificateRequest {
  const usages = spec.usages ?? [];
  const { commonName, organizations = [], dnsNames, addresses } = requested;
  const subject = { commonName, organizations };
  switch (spec.signerName) {
    case signers.client:
      checkClientUsages(usages);
      return { ...subject, usages: ['client'] };
    case signers.kubelet:
      checkOrganization(requested);
      checkNoNames(requested);
      checkNodeName(requested);
      checkNodeUsages(usages, 'client auth');
      return { ...subject, usages: ['client'] };
    case signers.serving:
      checkOrganization(requested);
      if (dnsNames.length + addresses.length === 0) throw new Error('DNS or IP subjectAltName is required');
      if (requested.emails.length > 0) throw new Error('Email subjectAltNames are not allowed');
      if (requested.uris.length > 0) throw new Error('URI subjectAltNames are not allowed');
      checkNodeUsages(usages, 'server auth');
      checkNodeName(requested);
      return { ...subject, dnsNames, addresses, usages: ['server'] };
    default:
      return {
        ...subject,
        dnsNames,
        addresses,
        usages: [
          ...(usages.includes('client auth') ? (['client'] as const) : []),
          ...(usages.includes('server auth') ? (['server'] as const) : []),
        ],
      };
  }
}

function checkOrganization({ organizations = [] }: Requested): void {
  if (organizations.length === 1 && organizations[0] === nodeGroup) return;
  throw new Error(`subject organization is not ${nodeGroup}`);
}

function checkNodeName({ commonName }: Requested): void {
  if (!commonName.startsWith(nodePrefix)) throw new Error(`subject common name does not begin with ${nodePrefix}`);
}

function checkNoNames({ dnsNames, emails, addresses, uris }: Requested): void {
  const given = [
    ['DNS', dnsNames],
    ['Email', emails],
    ['IP', addresses],
    ['URI', uris],
  ] as const;
  const [first] = given.find(([, names]) => names.length > 0) ?? [];
  if (first !== undefined) throw new Error(`${first} subjectAltNames are not allowed`);
}

/** All of them, and no others; keys that are not RSA encipher nothing. */
function checkNodeUsages(usages: readonly string[], needed: 'client auth' | 'server auth'): void {
  const all = ['digital signature', 'key encipherment', needed].toSorted();
  const asked = new Set([...usages, 'key encipherment']);
  if (asked.size === all.length && all.every((usage) => asked.has(usage))) return;
  throw new Error(`usages did not match [${all.join(' ')}]`);
}

function checkClientUsages(usages: readonly string[]): void {
  const other = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (other !== undefined) throw new Error(`invalid usage for client certificate: ${other}`);
  if (!usages.includes('client auth')) throw new Error('missing required usage for client certificate: client auth');
}

/** Certificates count from a little earlier, since clocks differ: milliseconds. */
const backdate = 300_000;

/** From when to when the certificate is good, in milliseconds since the epoch. A short one is not shortened. */
export function validityOf({ spec }: CertificateSigningRequest, now: number): { from: number; until: number } {
  const lifetime = Math.min(longest, Math.max(600, spec.expirationSeconds ?? longest)) * 1000;
  return { from: now - backdate, until: now + (lifetime < 8 * hour ? lifetime : lifetime - backdate) };
}

interface ApprovalRight {
  readonly subresource: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/**
 * The subresources of requests of which the requester must be allowed to create one, for approval without anybody's
 * help.
 */
export function approvalRights({ spec }: CertificateSigningRequest, requested: Requested): readonly ApprovalRight[] {
  if (spec.signerName !== signers.kubelet) return [];
  const message = (whose: string): string =>
    `Auto approving ${whose}kubelet client certificate after SubjectAccessReview.`;
  const any = { subresource: 'nodeclient', message: message('') } as const;
  const own = { subresource: 'selfnodeclient', message: message('self ') } as const;
  return spec.username === requested.commonName ? [own, any] : [any];
}

/**
 * Whether a bootstrap token's request asks to be a node that there is already: whoever holds a token may bring a
 * machine of its own, but not take the place of another.
 */
export function takesNode(csr: CertificateSigningRequest, requested: Requested, nodes: readonly Node[]): boolean {
  const self = csr.spec.username === requested.commonName;
  return !self && nodes.some(({ metadata }) => `${nodePrefix}${metadata.name}` === requested.commonName);
}

/**
 * Whether a node may have the serving certificate that it asks for: its own name, and addresses that it has and no
 * other node has. `wait`: its Node may say so soon. Upstream leaves this to people.
 */
export function servingVerdict(
  { spec }: CertificateSigningRequest,
  requested: Requested,
  nodes: readonly Node[],
): 'approve' | 'wait' | 'leave' {
  const isNode = spec.username === requested.commonName && (spec.groups ?? []).includes(nodeGroup);
  if (spec.signerName !== signers.serving || !isNode) return 'leave';
  const own = nodes.find(({ metadata }) => `${nodePrefix}${metadata.name}` === requested.commonName);
  const others = new Set(nodes.filter((node) => node !== own).flatMap(addressesOf));
  if ([...requested.dnsNames, ...requested.addresses].some((each) => others.has(each))) return 'leave';
  const known = new Set(own === undefined ? [] : addressesOf(own));
  return [...requested.dnsNames, ...requested.addresses].every((each) => known.has(each)) ? 'approve' : 'wait';
}

function addressesOf({ metadata, status }: Node): readonly string[] {
  return [metadata.name, ...(status?.addresses ?? []).map(({ address }) => address)];
}

/**
 * When a request has served its time, in milliseconds since the epoch: Infinity while one that is approved waits for
 * its signer. `expires`: end of its certificate.
 */
export function removalTime(csr: CertificateSigningRequest, expires: number | undefined): number {
  const conditions = csr.status?.conditions ?? [];
  const issued = (csr.status?.certificate ?? '') !== '';
  const decided = [...(issued ? ['Approved'] : []), 'Denied', 'Failed'];
  return Math.min(
    conditions.length === 0 ? parseTimestamp(csr.metadata.creationTimestamp) + 24 * hour : Infinity,
    ...decided.map((type) => (lastUpdate(conditions, type) ?? Infinity) + hour),
    expires ?? Infinity,
  );
}

function lastUpdate(conditions: readonly CertificateSigningRequestCondition[], type: string): number | undefined {
  const text = conditions.find((each) => each.type === type)?.lastUpdateTime;
  return text === undefined ? undefined : parseTimestamp(text);
}
