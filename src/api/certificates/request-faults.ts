/**
 * What is wrong with a certificate signing request. Texts and paths are those of Kubernetes 1.35. Whether the
 * request's signature holds is for the signer to see; here it must be PEM of the right kind.
 */
import { duplicate, forbidden, invalid, notSupported, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label, checkDns1123Subdomain } from '../../schema/names.ts';
import { describeDifference, sameMeaning } from '../rules/equal.ts';
import type { Loose, LooseObject } from '../rules/loose.ts';
import type {
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
  CertificateSigningRequestStatus,
} from './certificate-signing-request.ts';

export type LooseRequest = LooseObject<CertificateSigningRequestSpec, CertificateSigningRequestStatus>;
type LooseStatus = Loose<CertificateSigningRequestStatus>;
type Conditions = readonly Loose<CertificateSigningRequestCondition>[];

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

export function requestFaults({ spec = {}, status = {} }: LooseRequest, old?: LooseRequest): Fault[] {
  const { request = '', usages: given = [], signerName = '' } = spec;
  return [
    ...pemFaults(request),
    ...usageFaults(given),
    ...signerFaults(signerName, old?.spec?.signerName),
    ...durationFaults(spec.expirationSeconds),
    ...statusFaults(status, old?.status),
  ];
}

function statusFaults(status: LooseStatus, old: LooseStatus = {}): Fault[] {
  return [
    ...conditionFaults(status.conditions ?? []),
    ...certificateFaults(status.certificate ?? '', old.certificate ?? ''),
  ];
}

function pemFaults(request: string): Fault[] {
  return isRequestPem(request) ? [] : [invalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST')];
}

function durationFaults(seconds: number | undefined): Fault[] {
  if (seconds === undefined || seconds >= 600) return [];
  return [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)')];
}

function isRequestPem(base64: string): boolean {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return /-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(text);
}

function usageFaults(given: readonly string[]): Fault[] {
  if (given.length === 0) return [required('spec.usages')];
  return given.flatMap((usage, index) => [
    ...(usages.includes(usage) ? [] : [notSupported(`spec.usages[${index}]`, usage, usages)]),
    ...(given.indexOf(usage) < index ? [duplicate(`spec.usages[${index}]`, usage)] : []),
  ]);
}

function signerFaults(name: string, old: string | undefined): Fault[] {
  const path = 'spec.signerName';
  const legacy = 'kubernetes.io/legacy-unknown';
  if (name === legacy && old !== legacy) {
    return [invalid(path, name, 'the legacy signerName is not allowed via this API version')];
  }
  return signerNameFaults(path, name);
}

/** `example.com/signer-name`. */
function signerNameFaults(path: string, name: string): Fault[] {
  if (name === '') return [required(path)];
  const [domain = '', signer = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0) {
    return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const labels = domain.split('.');
  const badLabel = labels.find((label) => checkDns1123Label(label).length > 0);
  const badStep = signer.split('.').find((step) => checkDns1123Subdomain(step).length > 0);
  const explain = (part: string, label: string, complaints: readonly string[]): Fault[] =>
    complaints.map((text) => invalid(path, part, `validating label ${JSON.stringify(label)}: ${text}`));
  return [
    ...(domain.length > 253 ? [tooLong(path, 253)] : []),
    ...(badLabel === undefined ? [] : explain(domain, badLabel, checkDns1123Label(badLabel))),
    ...(labels.length < 2
      ? [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]
      : []),
    ...(badStep === undefined ? [] : explain(signer, badStep, checkDns1123Subdomain(badStep))),
  ];
}

const decisions = ['Approved', 'Denied', 'Failed'];

function conditionFaults(conditions: Conditions): Fault[] {
  return conditions.flatMap(({ type = '', status = '' }, index) => {
    const path = `status.conditions[${index}]`;
    const earlier = conditions.slice(0, index).map((each) => each.type);
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    return [
      ...(type === '' ? [required(`${path}.type`)] : []),
      ...conditionStatusFaults(
        status,
        decisions.includes(type) ? ['True'] : ['False', 'True', 'Unknown'],
        `${path}.status`,
      ),
      ...(opposite !== undefined && earlier.includes(opposite)
        ? [invalid(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive')]
        : []),
      ...(earlier.includes(type) ? [duplicate(`${path}.type`, type)] : []),
    ];
  });
}

function conditionStatusFaults(status: string, allowed: readonly string[], path: string): Fault[] {
  if (status === '') return [required(path)];
  return allowed.includes(status) ? [] : [notSupported(path, status, allowed)];
}

function certificateFaults(certificate: string, old: string): Fault[] {
  if (certificate === '' || certificate === old) return [];
  const text = Buffer.from(certificate, 'base64').toString('latin1');
  const types = [...text.matchAll(/-----BEGIN ([^-]+)-----/g)].map(([, type]) => type);
  const wrong = types.find((type) => type !== 'CERTIFICATE');
  const refuse = (detail: string): Fault[] => [invalid('status.certificate', '<certificate data>', detail)];
  if (types.length === 0) return refuse('must contain at least one CERTIFICATE PEM block');
  return wrong === undefined ? [] : refuse(`only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(wrong)}`);
}

/** What an update may not touch: decisions but through /approval, the certificate but through /status. */
export function requestUpdateFaults(
  young: LooseRequest,
  old: LooseRequest,
  subresource: '' | 'status' | 'approval',
): Fault[] {
  const path = 'status.conditions';
  const of = (request: LooseRequest, type: string): Conditions =>
    (request.status?.conditions ?? []).filter((each) => each.type === type);
  const removed = decisions.filter((type) => of(young, type).length < of(old, type).length);
  const guarded = subresource === 'approval' ? [] : ['Approved', 'Denied'].filter((type) => !removed.includes(type));
  return [
    ...removed.map((type) => forbidden(path, `updates may not remove a condition of type "${type}"`)),
    ...guarded.flatMap((type) => {
      const [before, after] = [of(old, type), of(young, type)];
      if (after.length > before.length) return [forbidden(path, `updates may not add a condition of type "${type}"`)];
      if (sameMeaning(before, after)) return [];
      return [
        forbidden(path, `updates may not modify a condition of type "${type}"\n${describeDifference(before, after)}`),
      ];
    }),
    ...certificateChangeFaults(young.status?.certificate ?? '', old.status?.certificate ?? '', subresource),
  ];
}

function certificateChangeFaults(young: string, old: string, subresource: string): Fault[] {
  if (young === old) return [];
  const path = 'status.certificate';
  if (subresource !== 'status') return [forbidden(path, 'updates may not set certificate content')];
  return old === '' ? [] : [forbidden(path, 'updates may not modify existing certificate content')];
}
