import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const TokenRequest = struct('io.k8s.api.storage.v1.TokenRequest', '', {
  audience: string(1).required(),
  expirationSeconds: int64(2).pointer(),
});
export interface TokenRequest extends Infer<typeof TokenRequest> {}

export const CSIDriverSpec = struct('io.k8s.api.storage.v1.CSIDriverSpec', '', {
  attachRequired: boolean(1).pointer(),
  podInfoOnMount: boolean(2).pointer(),
  volumeLifecycleModes: list(3, string()).listSet(),
  storageCapacity: boolean(4).pointer(),
  fsGroupPolicy: string(5).pointer(),
  tokenRequests: list(6, TokenRequest),
  requiresRepublish: boolean(7).pointer(),
  seLinuxMount: boolean(8).pointer(),
  nodeAllocatableUpdatePeriodSeconds: int64(9).pointer(),
  serviceAccountTokenInSecrets: boolean(10).pointer(),
});
export interface CSIDriverSpec extends Infer<typeof CSIDriverSpec> {}

export const CSIDriver = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    spec: of(2, CSIDriverSpec).required(),
  },
});
export interface CSIDriver extends ObjectOf<typeof CSIDriver> {}
