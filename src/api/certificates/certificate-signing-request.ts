import { defineKind, type ObjectOf } from '../kind.ts';
import { bytes, int32, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const CertificateSigningRequestSpec = struct('io.k8s.api.certificates.v1.CertificateSigningRequestSpec', '', {
  request: bytes(1).required(),
  signerName: string(7).required(),
  expirationSeconds: int32(8).pointer(),
  usages: list(5, string()),
  username: string(2),
  uid: string(3),
  groups: list(4, string()),
  extra: map(6, list(undefined, string())),
});
export interface CertificateSigningRequestSpec extends Infer<typeof CertificateSigningRequestSpec> {}

export const CertificateSigningRequestCondition = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequestCondition',
  '',
  {
    type: string(1).required(),
    status: string(6).required(),
    reason: string(2),
    message: string(3),
    lastUpdateTime: time(4),
    lastTransitionTime: time(5),
  },
);
export interface CertificateSigningRequestCondition extends Infer<typeof CertificateSigningRequestCondition> {}

export const CertificateSigningRequestStatus = struct(
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus',
  '',
  {
    conditions: list(1, CertificateSigningRequestCondition).listMap('type'),
    certificate: bytes(2),
  },
);
export interface CertificateSigningRequestStatus extends Infer<typeof CertificateSigningRequestStatus> {}

export const CertificateSigningRequest = defineKind({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  package: 'io.k8s.api.certificates.v1',
  doc: '',
  fields: {
    spec: of(2, CertificateSigningRequestSpec).required(),
    status: of(3, CertificateSigningRequestStatus).always(),
  },
  subresources: { status: true },
});
export interface CertificateSigningRequest extends ObjectOf<typeof CertificateSigningRequest> {}
