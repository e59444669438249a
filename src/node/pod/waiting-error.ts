/** A container cannot start now. What users see in its waiting state and in events. */
export class WaitingError extends Error {
  override readonly name = 'WaitingError';
  /** Such as ErrImagePull, CreateContainerConfigError, RunContainerError. */
  readonly reason: string;
  /** Text of the `Error: ...` event. */
  readonly event: string;
  /** When to try again, in milliseconds since the epoch; undefined: after the worker's own delay. */
  readonly retryAt: number | undefined;

  constructor(reason: string, message: string, event: string, retryAt?: number) {
    super(message);
    this.reason = reason;
    this.event = event;
    this.retryAt = retryAt;
  }
}
