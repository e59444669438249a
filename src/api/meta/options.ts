import { boolean, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ListOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ListOptions', 'Options of a list or watch.', {
  labelSelector: string(1).doc('Only objects with such labels.'),
  fieldSelector: string(2).doc('Only objects with such fields.'),
  watch: boolean(3).doc('Whether changes follow.'),
  allowWatchBookmarks: boolean(9).doc('Whether a watch may tell its position now and then.'),
  resourceVersion: string(4).doc('How fresh the answer must be, or where a watch begins.'),
  resourceVersionMatch: string(10).doc('Whether `resourceVersion` is meant exactly or as the least.'),
  timeoutSeconds: int64(5).pointer().doc('After how many seconds a watch ends.'),
  limit: int64(7).doc('At most so many objects at once.'),
  continue: string(8).doc('Where the last answer stopped.'),
  sendInitialEvents: boolean(11).pointer().doc('Whether a watch begins with all objects there are.'),
});
export interface ListOptions extends Infer<typeof ListOptions> {}

export const GetOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.GetOptions', 'Options of a read.', {
  resourceVersion: string(1).doc('How fresh the answer must be.'),
});
export interface GetOptions extends Infer<typeof GetOptions> {}

export const Preconditions = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions',
  'What an object must be like for a request to be carried out.',
  {
    uid: string(1).pointer().doc('Its unique id.'),
    resourceVersion: string(2).pointer().doc('Its stored version.'),
  },
);
export interface Preconditions extends Infer<typeof Preconditions> {}

export const DeleteOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', 'Options of a delete.', {
  gracePeriodSeconds: int64(1).pointer().doc('How many seconds the object gets to go in good order.'),
  preconditions: of(2, Preconditions).doc('What the object must be like to be deleted.'),
  orphanDependents: boolean(3).pointer().doc('Old way to say `propagationPolicy`.'),
  propagationPolicy: string(4)
    .pointer()
    .doc('`Orphan`, `Background` or `Foreground`: what happens to the objects that it owns.'),
  dryRun: list(5, string()).doc('`All` for a trial without effect.'),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6)
    .pointer()
    .doc('Whether an object goes that cannot be read.'),
});
export interface DeleteOptions extends Infer<typeof DeleteOptions> {}

export const CreateOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions', 'Options of a create.', {
  dryRun: list(1, string()).doc('`All` for a trial without effect.'),
  fieldManager: string(3).doc('Name of the one who writes.'),
  fieldValidation: string(4).doc('`Ignore`, `Warn` or `Strict`: what unknown fields lead to.'),
});
export interface CreateOptions extends Infer<typeof CreateOptions> {}

export const PatchOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions', 'Options of a patch.', {
  dryRun: list(1, string()).doc('`All` for a trial without effect.'),
  force: boolean(2).pointer().doc('Whether an apply takes over fields of other managers.'),
  fieldManager: string(3).doc('Name of the one who writes.'),
  fieldValidation: string(4).doc('`Ignore`, `Warn` or `Strict`: what unknown fields lead to.'),
});
export interface PatchOptions extends Infer<typeof PatchOptions> {}

export const UpdateOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.UpdateOptions', 'Options of an update.', {
  dryRun: list(1, string()).doc('`All` for a trial without effect.'),
  fieldManager: string(2).doc('Name of the one who writes.'),
  fieldValidation: string(3).doc('`Ignore`, `Warn` or `Strict`: what unknown fields lead to.'),
});
export interface UpdateOptions extends Infer<typeof UpdateOptions> {}
