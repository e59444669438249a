import { defineKind, type ObjectOf } from '../kind.ts';
import { int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const BoundObjectReference = struct('io.k8s.api.authentication.v1.BoundObjectReference', '', {
  kind: string(1),
  apiVersion: string(2),
  name: string(3),
  uid: string(4),
});
export interface BoundObjectReference extends Infer<typeof BoundObjectReference> {}

export const TokenRequestSpec = struct('io.k8s.api.authentication.v1.TokenRequestSpec', '', {
  audiences: list(1, string()).required(),
  expirationSeconds: int64(4).always(),
  boundObjectRef: of(3, BoundObjectReference).always(),
});
export interface TokenRequestSpec extends Infer<typeof TokenRequestSpec> {}

export const TokenRequestStatus = struct('io.k8s.api.authentication.v1.TokenRequestStatus', '', {
  token: string(1).required(),
  expirationTimestamp: time(2).required(),
});
export interface TokenRequestStatus extends Infer<typeof TokenRequestStatus> {}

export const TokenRequest = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  scope: 'Namespaced',
  package: 'io.k8s.api.authentication.v1',
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    spec: of(2, TokenRequestSpec).required(),
    status: of(3, TokenRequestStatus).always(),
  },
});
export interface TokenRequest extends ObjectOf<typeof TokenRequest> {}
