/** A configuration that cannot be used: what is wrong and what to do. `hotshard` turns it into exit code 2. */
export class ConfigError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "ConfigError";
    this.code = code;
  }
}
