/** Errors that are expected and typed. Broken invariants use `assert`; nothing is swallowed. */

/** An invariant of ours is broken: a bug, never the user's fault. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}

/** Narrows away undefined where the code guarantees a value. */
export function present<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`);
  return value;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether `error` is what an aborted operation throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR');
}

/** Node's system error code (`ENOENT`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The code of an error that the system answered a call about a file with; undefined for all others. */
export function systemErrorOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined;
  return 'path' in error || fileCalls.has(error.syscall) ? codeOf(error) : undefined;
}

/** Their errors know no path. */
const fileCalls: ReadonlySet<unknown> = new Set(['read', 'write', 'fsync', 'close']);
