/**
 * An object as a client may have sent it: whatever the schema says, anything may be missing. Validators
 * take this form, since they run beside the schema's own rules and must not fall over what those report.
 */
export type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T;
