/**
 * An object on its way in, open to change: what defaults and the prepare steps work on. Anything may be
 * missing; to take a field away, delete it.
 */
export type Editable<T> = T extends readonly (infer Item)[]
  ? Editable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]?: Editable<T[Key]> }
    : T;

/**
 * Sets a field that is absent or has the zero value. Kubernetes cannot tell the two apart in fields that are no
 * pointers: `imagePullPolicy: ""` and `periodSeconds: 0` get their defaults too.
 */
export function fillEmpty(draft: Record<string, unknown>, key: string, value: unknown): void {
  const current = draft[key];
  if (current === undefined || current === null || current === '' || current === 0) draft[key] = value;
}

/** Sets a field that is absent; a zero value stays. */
export function fillAbsent(draft: Record<string, unknown>, key: string, value: unknown): void {
  if (draft[key] === undefined || draft[key] === null) draft[key] = value;
}
