/**
 * Whether two values mean the same to Kubernetes: an absent, an empty list and an empty object are one.
 * Works on decoded objects, whose quantities and times are in canonical form.
 */
export function sameMeaning(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (isEmpty(left) || isEmpty(right)) return isEmpty(left) && isEmpty(right);
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((each, index) => sameMeaning(each, right[index]));
  }
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  return changedKeys(left as object, right as object).length === 0;
}

/** The keys whose values differ, in alphabetical order. */
function changedKeys(left: object, right: object): readonly string[] {
  const old = left as Readonly<Record<string, unknown>>;
  const young = right as Readonly<Record<string, unknown>>;
  const keys = new Set([...Object.keys(old), ...Object.keys(young)]);
  return [...keys].filter((key) => !sameMeaning(old[key], young[key])).toSorted();
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every((each) => each === undefined);
}

/** The differing leaves, one line each way: `- hostname: "a"`, `+ hostname: "b"`. At most 40 lines. */
export function describeDifference(old: unknown, young: unknown, path = ''): string {
  const lines = differences(old, young, path);
  const shown = lines.slice(0, 40);
  return [...shown, ...(lines.length > shown.length ? ['  ...'] : [])].join('\n');
}

function differences(old: unknown, young: unknown, path: string): string[] {
  if (sameMeaning(old, young)) return [];
  if (bothObjects(old, young)) {
    return changedKeys(old as object, young as object).flatMap((key) => {
      const below = Array.isArray(old) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      return differences((old as Record<string, unknown>)[key], (young as Record<string, unknown>)[key], below);
    });
  }
  return [
    ...(isEmpty(old) ? [] : [`- ${path}: ${JSON.stringify(old)}`]),
    ...(isEmpty(young) ? [] : [`+ ${path}: ${JSON.stringify(young)}`]),
  ];
}

function bothObjects(old: unknown, young: unknown): boolean {
  return typeof old === 'object' && typeof young === 'object' && old !== null && young !== null;
}
