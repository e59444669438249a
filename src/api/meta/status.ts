import { int32, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ListMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', '', {
  selfLink: string(1),
  resourceVersion: string(2),
  continue: string(3),
  remainingItemCount: int64(4).pointer(),
});
export interface ListMeta extends Infer<typeof ListMeta> {}

export const StatusCause = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', '', {
  reason: string(1),
  message: string(2),
  field: string(3),
});
export interface StatusCause extends Infer<typeof StatusCause> {}

export const StatusDetails = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', '', {
  name: string(1),
  group: string(2),
  kind: string(3),
  uid: string(6),
  causes: list(4, StatusCause),
  retryAfterSeconds: int32(5),
});
export interface StatusDetails extends Infer<typeof StatusDetails> {}

export const Status = struct('io.k8s.apimachinery.pkg.apis.meta.v1.Status', '', {
  metadata: of(1, ListMeta).always(),
  status: string(2),
  message: string(3),
  reason: string(4),
  details: of(5, StatusDetails),
  code: int32(6),
});
export interface Status extends Infer<typeof Status> {}
