/** The system could not say that a batch is on disk; nobody knows what is, and trying again would not tell. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
}
