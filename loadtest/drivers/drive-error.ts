export type DriveErrorCode = "UNREACHABLE" | "TOKEN_REFUSED" | "K6_FAILED" | "GENERATORS_LOST" | "NO_PROMETHEUS";

/** A run that could not begin, or whose generator broke: the code says why, the message what to do. */
export class DriveError extends Error {
  readonly code: DriveErrorCode;
  constructor(code: DriveErrorCode, message: string) {
    super(message);
    this.name = "DriveError";
    this.code = code;
  }
}
