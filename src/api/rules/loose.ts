import type { ObjectMeta } from '../meta/object-meta.ts';

/**
 * An object as a client may have sent it: whatever the schema says, anything may be missing. Validators
 * take this form, since they run beside the schema's own rules and must not fall over what those report.
 */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T;

/**
 * A whole object in that form. A kind cannot name its own type in the functions that describe it, so these
 * take the types of its parts.
 */
export interface LooseObject<Spec = unknown, Status = unknown> {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<Spec> | undefined;
  readonly status?: Loose<Status> | undefined;
}
