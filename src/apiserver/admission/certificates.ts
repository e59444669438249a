/**
 * Certificate signing requests: who may approve and who may sign for a signer, and a group that no client
 * certificate may name.
 *
 * Messages: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}/admission.go.
 */
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import { deepEqual } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../access.ts';
import { namesIn } from './certificate-subject.ts';
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
      if (spec.signerName !== clientSigner || !namesIn(spec.request, 'organization').includes(masters)) return;
      throw refuse(request, `use of ${clientSigner} signer with ${masters} group is not allowed`);
    },
  };
}
