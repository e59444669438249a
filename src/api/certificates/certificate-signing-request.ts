import { bytes, int32, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn, shortDuration } from '../rules/columns.ts';
import { requestFaults, requestUpdateFaults } from './request-faults.ts';

const pkg = 'io.k8s.api.certificates.v1';

export const CertificateSigningRequestSpec = struct(
  `${pkg}.CertificateSigningRequestSpec`,
  'What is to be signed, and for whom.',
  {
    request: bytes(1).present().doc('The request itself: PKCS #10 in PEM, base64 again in JSON.'),
    signerName: string(7).present().doc('Who should sign it, such as kubernetes.io/kube-apiserver-client.'),
    expirationSeconds: int32(8)
      .pointer()
      .doc('For how long the certificate should be good; at least 600, and up to the signer.'),
    usages: list(5, string()).doc('What the certificate is for, such as client auth.'),
    username: string(2).doc('Who made the request; filled in by the API server, like the rest of these.'),
    uid: string(3).doc('Unique id of that user.'),
    groups: list(4, string()).doc('Groups of that user.'),
    extra: map(6, list(undefined, string())).doc('What else is known of that user.'),
  },
);
export interface CertificateSigningRequestSpec extends Infer<typeof CertificateSigningRequestSpec> {}

export const CertificateSigningRequestCondition = struct(
  `${pkg}.CertificateSigningRequestCondition`,
  'A decision about the request.',
  {
    type: string(1).present().doc('Approved, Denied or Failed.'),
    status: string(6).present().doc('True; other types may say False or Unknown.'),
    reason: string(2).doc('Why, in one word.'),
    message: string(3).doc('Why, for people.'),
    lastUpdateTime: time(4).doc('When the condition was written last.'),
    lastTransitionTime: time(5).doc('When its status changed last.'),
  },
);
export interface CertificateSigningRequestCondition extends Infer<typeof CertificateSigningRequestCondition> {}

export const CertificateSigningRequestStatus = struct(
  `${pkg}.CertificateSigningRequestStatus`,
  'What became of the request.',
  {
    conditions: list(1, CertificateSigningRequestCondition).listMap('type').doc('Decisions about it.'),
    certificate: bytes(2).doc('The certificate, in PEM, once it was issued.'),
  },
);
export interface CertificateSigningRequestStatus extends Infer<typeof CertificateSigningRequestStatus> {}

export const CertificateSigningRequest = defineKind({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  scope: 'Cluster',
  package: pkg,
  doc: 'Asks for a certificate: somebody approves it, then a signer issues it.',
  fields: {
    spec: of(2, CertificateSigningRequestSpec).present().doc('What is to be signed; never changes.'),
    status: of(3, CertificateSigningRequestStatus).always().doc('What became of the request.'),
  },
  subresources: {
    status: true,
    others: { approval: { kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] } },
  },
  nameRule: 'path',
  generation: false,
  selectable: { 'spec.signerName': ({ spec }) => spec.signerName },
  columns: [
    nameColumn,
    ageColumn,
    {
      name: 'SignerName',
      type: 'string',
      doc: 'Who should sign it.',
      value: ({ spec }) => (spec.signerName === '' ? '<none>' : spec.signerName),
    },
    { name: 'Requestor', type: 'string', doc: 'Who made the request.', value: ({ spec }) => spec.username ?? '' },
    {
      name: 'RequestedDuration',
      type: 'string',
      doc: 'For how long the certificate should be good.',
      value: ({ spec }) =>
        spec.expirationSeconds === undefined ? '<none>' : shortDuration(spec.expirationSeconds * 1000),
    },
    { name: 'Condition', type: 'string', doc: 'What became of it.', value: ({ status }) => formatState(status) },
  ],
  prepareUpdate(draft, old) {
    draft['spec'] = old.spec;
  },
  validate: (request, old) => requestFaults(request, old),
  validateUpdate: (young, old) => requestUpdateFaults(young, old, ''),
  validateStatusUpdate: (young, old) => [...requestFaults(young, old), ...requestUpdateFaults(young, old, 'status')],
});
export interface CertificateSigningRequest extends ObjectOf<typeof CertificateSigningRequest> {}

/** `Approved,Issued`: the decision, then what followed. */
function formatState({ conditions = [], certificate = '' }: CertificateSigningRequestStatus = {}): string {
  const has = (type: string): boolean => conditions.some((each) => each.type === type);
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [decision, ...(has('Failed') ? ['Failed'] : []), ...(certificate === '' ? [] : ['Issued'])].join(',');
}
