/**
 * What exec and attach need of a connection, whatever its protocol: byte streams, window sizes, a final status.
 */
import type { Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../../runtime/runtime.ts';

export interface CommandStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Calls back with each size that the client's window takes. */
  onResize(action: (size: TerminalSize) => void): void;
  /** Tells how it ended and closes the connection. */
  finish(status: CommandStatus): Promise<void>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
}

/** Which streams the request asks for. */
export interface StreamRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** metav1.Status, as far as it is used here. */
export interface CommandStatus {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] };
  readonly code?: number;
}

export const success: CommandStatus = { metadata: {}, status: 'Success' };

export function exited(code: number): CommandStatus {
  if (code === 0) return success;
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: `${code}` }] },
  };
}

export function failure(message: string): CommandStatus {
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
}

/** Protocols before v4 send text on the error channel, and nothing when all went well. */
export function statusText(status: CommandStatus, protocol: string): string {
  const structured = protocol.startsWith('v4') || protocol.startsWith('v5');
  if (structured) return JSON.stringify(status);
  return status.status === 'Success' ? '' : (status.message ?? '');
}

/** `{"Width":80,"Height":24}`; undefined when it is not that. */
export function parseSize(text: string): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    if (typeof Width !== 'number' || typeof Height !== 'number' || Width < 1 || Height < 1) return undefined;
    return { width: Math.min(Width, 65_535), height: Math.min(Height, 65_535) };
  } catch {
    // A client's malformed resize is no reason to end its session.
    return undefined;
  }
}
