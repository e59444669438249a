/** Something the user can mend: printed as what happened and what to do, without a stack trace. Exit code 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, remedy = '', exitCode = 1) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}
