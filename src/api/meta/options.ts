import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ListOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ListOptions', '', {
  labelSelector: string(1),
  fieldSelector: string(2),
  watch: boolean(3),
  allowWatchBookmarks: boolean(9),
  resourceVersion: string(4),
  resourceVersionMatch: string(10),
  timeoutSeconds: int64(5).pointer(),
  limit: int64(7),
  continue: string(8),
  sendInitialEvents: boolean(11).pointer(),
});
export interface ListOptions extends Infer<typeof ListOptions> {}

export const GetOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.GetOptions', '', {
  resourceVersion: string(1),
});
export interface GetOptions extends Infer<typeof GetOptions> {}

export const Preconditions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions', '', {
  uid: string(1).pointer(),
  resourceVersion: string(2).pointer(),
});
export interface Preconditions extends Infer<typeof Preconditions> {}

export const DeleteOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', '', {
  gracePeriodSeconds: int64(1).pointer(),
  preconditions: of(2, Preconditions),
  orphanDependents: boolean(3).pointer(),
  propagationPolicy: string(4).pointer(),
  dryRun: list(5, string()),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6).pointer(),
});
export interface DeleteOptions extends Infer<typeof DeleteOptions> {}

export const CreateOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions', '', {
  dryRun: list(1, string()),
  fieldManager: string(3),
  fieldValidation: string(4),
});
export interface CreateOptions extends Infer<typeof CreateOptions> {}

export const PatchOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions', '', {
  dryRun: list(1, string()),
  force: boolean(2).pointer(),
  fieldManager: string(3),
  fieldValidation: string(4),
});
export interface PatchOptions extends Infer<typeof PatchOptions> {}

export const UpdateOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.UpdateOptions', '', {
  dryRun: list(1, string()),
  fieldManager: string(2),
  fieldValidation: string(3),
});
export interface UpdateOptions extends Infer<typeof UpdateOptions> {}
