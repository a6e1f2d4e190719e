import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key in files, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** File of its own certificate, for `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE` and the like. */
  readonly file: string;
  readonly pem: Buffer;
  /**
   * @param names subject alternative names: `IP:127.0.0.1,DNS:localhost`
   * @param years first and last year in which it is valid
   */
  issue(name: string, names: string, years?: readonly [number, number]): Certificate;
}

const CONFIG = `
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
private_key = ca.key
certificate = ca.pem
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
`;
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Whether openssl is here. */
export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Makes an authority in an empty folder, by openssl. */
export function createAuthority(folder: string): CertificateAuthority {
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  writeFileSync(join(folder, "index.txt"), "");
  writeFileSync(join(folder, "ca.cnf"), CONFIG);
  const own = ["-subj", "/CN=hotshard test authority", "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650"];
  openssl("req", "-x509", ...NEW_KEY, ...own);
  const file = join(folder, "ca.pem");
  return {
    file,
    pem: readFileSync(file),
    issue(name, names, [from, until] = [2020, 2049]) {
      const request = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
      openssl("req", "-new", ...NEW_KEY, ...request, "-keyout", `${name}.key`, "-out", `${name}.csr`);
      const period = ["-startdate", `${from}0101000000Z`, "-enddate", `${until}0101000000Z`];
      openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", `${name}.csr`, "-out", `${name}.pem`, ...period);
      return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    },
  };
}
