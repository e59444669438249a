import { int32, int64, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const ListMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', 'Data of a list.', {
  selfLink: string(1).doc('No longer filled in.'),
  resourceVersion: string(2).doc('The stored version that the list shows.'),
  continue: string(3).doc('Where the next part of the list begins.'),
  remainingItemCount: int64(4).pointer().doc('How many objects are still to come.'),
});
export interface ListMeta extends Infer<typeof ListMeta> {}

export const StatusCause = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', 'One cause of a failure.', {
  reason: string(1).doc('The sort of cause, as one word.'),
  message: string(2).doc('The cause, for a human reader.'),
  field: string(3).doc('The field at fault.'),
});
export interface StatusCause extends Infer<typeof StatusCause> {}

export const StatusDetails = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', 'What a failure is about.', {
  name: string(1).doc('Name of the object that is meant.'),
  group: string(2).doc('Group of the object that is meant.'),
  kind: string(3).doc('Kind of the object that is meant.'),
  uid: string(6).doc('The unique id of the object that is meant.'),
  causes: list(4, StatusCause).doc('Single causes of the failure.'),
  retryAfterSeconds: int32(5).doc('After how many seconds it is worth trying again.'),
});
export interface StatusDetails extends Infer<typeof StatusDetails> {}

export const Status = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'The answer of a request that returns no object.',
  {
    metadata: of(1, ListMeta).always().doc('Data of the answer as a list.'),
    status: string(2).doc('`Success` or `Failure`.'),
    message: string(3).doc('What happened, for a human reader.'),
    reason: string(4).doc('Why it failed, as one word.'),
    details: of(5, StatusDetails).doc('Further data of the failure.'),
    code: int32(6).doc('HTTP status code.'),
  },
);
export interface Status extends Infer<typeof Status> {}
