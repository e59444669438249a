/** `$(NAME)` in command, args and env. `$$` is a dollar; a name that is not defined stays as it is written. */
export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => {
    if (whole === '$$') return '$';
    return values.get(name ?? '') ?? whole;
  });
}
