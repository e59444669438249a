import { describe, expect, test } from 'vitest';
import { cells, complaints, made, updateComplaints } from '../rules/fixture.ts';
import { CertificateSigningRequest } from './certificate-signing-request.ts';
import { requestUpdateFaults } from './request-faults.ts';

const pem = (type: string): string =>
  Buffer.from(`-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`).toString('base64');
const spec = {
  request: pem('CERTIFICATE REQUEST'),
  signerName: 'example.com/signer',
  usages: ['client auth'],
  username: 'ann',
};
const approved = { type: 'Approved', status: 'True' };

/** Texts: kubernetes pkg/apis/certificates/validation/validation.go. */
describe('CertificateSigningRequest', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ usages: [] }, ['spec.usages: Required value']],
    [{ usages: ['client auth', 'client auth'] }, ['spec.usages[1]: Duplicate value: "client auth"']],
    [
      { signerName: 'signer' },
      [
        `spec.signerName: Invalid value: "signer": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ],
    ],
    [
      { signerName: 'kubernetes.io/legacy-unknown' },
      [
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      ],
    ],
    [
      { expirationSeconds: 599 },
      ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
    ],
  ])('%j', (change, expected) =>
    expect(complaints(CertificateSigningRequest, { spec: { ...spec, ...change } })).toEqual(expected),
  );

  test('decisions are made through /approval only, and stay', () => {
    expect(updateComplaints(CertificateSigningRequest, { spec }, { spec, status: { conditions: [approved] } })).toEqual(
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    );
    const [none, some] = [{ spec }, { spec, status: { conditions: [approved] } }].map((each) =>
      made(CertificateSigningRequest, each),
    );
    expect(requestUpdateFaults(some ?? {}, none ?? {}, 'approval')).toEqual([]);
    expect(updateComplaints(CertificateSigningRequest, { spec, status: { conditions: [approved] } }, { spec })).toEqual(
      ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    );
    expect(
      complaints(CertificateSigningRequest, {
        spec,
        status: { conditions: [approved, { type: 'Denied', status: 'True' }] },
      }),
    ).toEqual([
      'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
  });

  test('the table', () => {
    const status = { conditions: [approved], certificate: pem('CERTIFICATE') };
    expect(cells(CertificateSigningRequest, { spec: { ...spec, expirationSeconds: 86_400 }, status })).toEqual({
      Name: 'it',
      Age: '60m',
      SignerName: 'example.com/signer',
      Requestor: 'ann',
      RequestedDuration: '24h',
      Condition: 'Approved,Issued',
    });
    expect(cells(CertificateSigningRequest, { spec })).toMatchObject({
      Condition: 'Pending',
      RequestedDuration: '<none>',
    });
  });
});
