/** Ends the command: the message says what happened and what to do. */
export class CommandFailure extends Error {
  /** `exitCode`: 1 something failed or was refused, 2 the command was not understood. */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}
