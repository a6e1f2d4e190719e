import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** Certificate chain and key, PEM. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads a certificate and its key, and sees that they belong together.
 *
 * @throws {Error} in one line, which names the file that cannot be read or what does not fit, never what is in the key
 */
export function readCredentials(certFile: string, keyFile: string): Credentials {
  const credentials = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  try {
    createSecureContext(credentials);
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} are no certificate with its key, PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return credentials;
}
