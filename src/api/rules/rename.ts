/** Building blocks of conversions between versions. All of them copy; none changes what it is given. */
export type Json = Readonly<Record<string, unknown>>;

/** The object with some top-level fields under other names; the others stay as they are. */
export function renameFields(object: Json, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [Object.hasOwn(names, key) ? (names[key] ?? key) : key, value]),
  );
}
