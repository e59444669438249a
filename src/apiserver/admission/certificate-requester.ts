/** Who asks for a certificate is written into the request by the server, whatever the request says. */
import { CertificateSigningRequest } from '../../api/certificates/certificate-signing-request.ts';
import type { AdmissionPlugin } from '../access.ts';

export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  handles: ({ operation, kind, subresource }) =>
    operation === 'CREATE' &&
    subresource === '' &&
    kind.group === CertificateSigningRequest.group &&
    kind.kind === CertificateSigningRequest.kind,
  admit({ object, user }) {
    const spec = object?.['spec'] as Record<string, unknown> | undefined;
    if (spec === undefined) return;
    const { username, uid, groups, extra } = user;
    for (const field of ['uid', 'extra']) delete spec[field];
    Object.assign(spec, { username, groups: [...groups] });
    if (uid !== undefined) spec['uid'] = uid;
    if (extra !== undefined) spec['extra'] = structuredClone(extra);
  },
};
