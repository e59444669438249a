/** Headers that say who somebody is, of a front proxy or of one who impersonates. */

/** Repeated headers arrive joined. Whoever smuggles a comma in gets each piece checked. */
export function valuesOf(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  return [header].flat().flatMap((each) => each.split(/,\s*/).filter((value) => value !== ''));
}

/** The key of an extra field from the end of its header's name; as it is when its escapes are broken. */
export function extraKeyOf(escaped: string): string {
  const key = escaped.toLowerCase();
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
