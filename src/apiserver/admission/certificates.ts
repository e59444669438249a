/**
 * Certificate signing requests: who may approve and who may sign for a signer, and a group that no client
 * certificate may name.
 *
 * Messages: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}/admission.go.
 */
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../access.ts';
import { isOf, quoted, refuse, writes } from './request.ts';

const clientSigner = 'kubernetes.io/kube-apiserver-client';
const masters = 'system:masters';

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: (request) =>
      isOf(CertificateSigningRequest, request) && request.operation === 'UPDATE' && request.subresource === 'approval',
    async validate(request) {
      const signer = (request.old as CertificateSigningRequest).spec.signerName;
      if (await mayUse(authorizer, request, 'approve', signer)) return;
      throw refuse(request, `user not permitted to approve requests with signerName ${quoted(signer)}`);
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: (request) =>
      isOf(CertificateSigningRequest, request) && request.operation === 'UPDATE' && request.subresource === 'status',
    async validate(request) {
      const old = request.old as CertificateSigningRequest;
      const { status } = request.object as unknown as CertificateSigningRequest;
      const same =
        (status?.certificate ?? '') === (old.status?.certificate ?? '') &&
        deepEqual(status?.conditions ?? [], old.status?.conditions ?? []);
      if (same || (await mayUse(authorizer, request, 'sign', old.spec.signerName))) return;
      throw refuse(request, `user not permitted to sign requests with signerName ${quoted(old.spec.signerName)}`);
    },
  };
}

/** The right to one signer, or to all of its domain: `example.com/*`. */
async function mayUse(
  authorizer: Authorizer,
  { user }: AdmissionRequest,
  verb: string,
  signer: string,
): Promise<boolean> {
  const [domain = ''] = signer.split('/', 1);
  for (const name of [signer, `${domain}/*`]) {
    const { verdict } = await authorizer.authorize({
      user,
      verb,
      path: '',
      resource: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
      },
    });
    if (verdict === 'allow') return true;
  }
  return false;
}

export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    handles: writes(CertificateSigningRequest, 'CREATE'),
    validate(request) {
      const { spec } = request.object as unknown as CertificateSigningRequest;
      if (spec.signerName !== clientSigner || !namesGroup(spec.request, masters)) return;
      throw refuse(request, `use of ${clientSigner} signer with ${masters} group is not allowed`);
    },
  };
}

/** `O=` in DER: the object identifier 2.5.4.10, a string's tag, its length, its text. */
const organization = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x0a]);

/**
 * Whether the request's subject has this organization. The bytes are searched rather than parsed: they can
 * stand elsewhere in a request only to mean the same, and what can't be read is for validation to refuse.
 */
function namesGroup(request: string, group: string): boolean {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  const body = /-----BEGIN[^-]*-----([^-]*)-----END/u.exec(pem)?.[1] ?? '';
  const der = Buffer.from(body, 'base64');
  for (let at = der.indexOf(organization); at >= 0; at = der.indexOf(organization, at + 1)) {
    const text = at + organization.length + 2;
    const length = der[text - 1] ?? 0;
    // BMPString has two bytes for a character; all others that are allowed here have one for ASCII.
    const found = der.subarray(text, text + length);
    const value = der[text - 2] === 0x1e ? found.toString('latin1').replaceAll('\0', '') : found.toString('utf8');
    if (value === group) return true;
  }
  return false;
}
