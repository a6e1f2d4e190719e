/** A run that could not begin: the code says why, the message what to do. */
export class DriveError extends Error {
  readonly code: "UNREACHABLE" | "TOKEN_REFUSED";
  constructor(code: "UNREACHABLE" | "TOKEN_REFUSED", message: string) {
    super(message);
    this.name = "DriveError";
    this.code = code;
  }
}
