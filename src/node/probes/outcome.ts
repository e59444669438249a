/** What one probe found. */
export type Outcome =
  | { readonly result: 'success'; readonly warning?: string }
  | { readonly result: 'failure'; readonly output: string }
  /** The probe itself could not be made; tells nothing of the container. */
  | { readonly result: 'unknown'; readonly output: string };

export const succeeded: Outcome = { result: 'success' };
export const failed = (output: string): Outcome => ({ result: 'failure', output });

const longestOutput = 10 * 1024;
export const shortened = (text: string): string => (text.length > longestOutput ? text.slice(0, longestOutput) : text);

/** Go's words for what went wrong with a connection, which users search for. */
export function dialError(error: unknown, address: string, what = 'dial tcp'): string {
  const code = (error as { code?: unknown }).code;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  };
  const known = typeof code === 'string' ? words[code] : undefined;
  return `${what} ${address}: ${known ?? (error instanceof Error ? error.message : String(error))}`;
}

export const hostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
