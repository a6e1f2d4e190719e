/** A program that the command needs is not on this machine. The message says how to get it; `hotshard` exits with 4. */
export class MissingProgramError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "MissingProgramError";
    this.code = code;
  }
}
