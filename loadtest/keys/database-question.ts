import { ConfigError } from "../../server/config-error.ts";

/** What is asked of a database, within which limits. */
export interface DatabaseQuestion {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly table: string;
  /** Column of the key. */
  readonly key: string;
  /** Column of the time; null: then every row is counted and no minute is known. */
  readonly time: string | null;
  /** Rows that may be read, ≥ 1. */
  readonly rows: number;
  /** Seconds that the database may work, > 0. */
  readonly seconds: number;
}

/**
 * Reads `mysql://user:password@host:port/database` (percent-encoded; without a password it is taken from
 * `MYSQL_PWD`).
 *
 * @throws {ConfigError} BAD_DATABASE_URL, never with the password
 */
export function parseDatabaseUrl(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Pick<DatabaseQuestion, "host" | "port" | "user" | "password" | "database"> {
  const form = "write mysql://user:password@host:port/database, with special characters percent-encoded";
  if (!URL.canParse(url)) throw new ConfigError("BAD_DATABASE_URL", `the database's URL cannot be read: ${form}`);
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol !== "mysql:" && protocol !== "mariadb:") {
    throw new ConfigError(
      "BAD_DATABASE_URL",
      `${protocol}// is not a database that can be asked; export counts as docs/whatif.md says`,
    );
  }
  const [user, secret, database] = [username, password, pathname.slice(1)].map(decoded);
  if (user === undefined || secret === undefined || database === undefined) {
    throw new ConfigError("BAD_DATABASE_URL", `the database's URL holds a % that encodes nothing: ${form}`);
  }
  if (hostname === "" || user === "" || database === "") {
    throw new ConfigError("BAD_DATABASE_URL", `the database's URL lacks a host, a user or a database: ${form}`);
  }
  return {
    host: hostname.replace(/^\[(.*)\]$/u, "$1"),
    port: port === "" ? 3306 : Number(port),
    user,
    password: secret === "" ? (environment["MYSQL_PWD"] ?? "") : secret,
    database,
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
