import { invalid, type Fault } from '../../schema/fault.ts';
import { int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';

export const BoundObjectReference = struct(
  'io.k8s.api.authentication.v1.BoundObjectReference',
  'An object that a token lives and dies with.',
  {
    kind: string(1).doc('Pod, Secret or Node.'),
    apiVersion: string(2).doc('Version of the API that the object is from.'),
    name: string(3).doc('Name of the object.'),
    uid: string(4).doc('UID of the object.'),
  },
);
export interface BoundObjectReference extends Infer<typeof BoundObjectReference> {}

export const TokenRequestSpec = struct(
  'io.k8s.api.authentication.v1.TokenRequestSpec',
  'What the token should be good for.',
  {
    audiences: list(1, string()).present().doc('For whom the token is meant; the API server when left out.'),
    expirationSeconds: int64(4)
      .pointer()
      .default(3600)
      .always()
      .doc('How long it should be good, in seconds; at least 600.'),
    boundObjectRef: of(3, BoundObjectReference).always().doc('The token stops to be good when this object is gone.'),
  },
);
export interface TokenRequestSpec extends Infer<typeof TokenRequestSpec> {}

export const TokenRequestStatus = struct('io.k8s.api.authentication.v1.TokenRequestStatus', 'The token.', {
  token: string(1).present().doc('The token itself.'),
  expirationTimestamp: time(2).present().doc('Until when it is good.'),
});
export interface TokenRequestStatus extends Infer<typeof TokenRequestStatus> {}

export const TokenRequest = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  scope: 'Namespaced',
  package: 'io.k8s.api.authentication.v1',
  doc: 'Asks for a token of a service account. It is answered, not stored.',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, TokenRequestSpec).present().doc('What the token should be good for.'),
    status: of(3, TokenRequestStatus).always().doc('The token.'),
  },
  validate: ({ spec }) => expirationFaults(spec.expirationSeconds ?? 3600, 'spec.expirationSeconds'),
});
export interface TokenRequest extends ObjectOf<typeof TokenRequest> {}

/** Tokens live ten minutes at least. */
export function expirationFaults(seconds: number, path: string): Fault[] {
  if (seconds < 600) return [invalid(path, seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds <= 2 ** 32) return [];
  return [invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')];
}
