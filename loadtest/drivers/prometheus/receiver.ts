import { keepLoopbackDirect } from "../keep-direct.ts";
import { DriveError } from "../drive-error.ts";

const TIMEOUT_MS = 5_000;
/** An empty list of series: a protocol buffer of no bytes, in Snappy's block format. */
const NOTHING = new Uint8Array([0]);
/** Of a body in remote write 1.0: a protocol buffer in Snappy's block format. */
export const BODY_HEADERS = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};

/** Where series are written to. */
export interface Receiver {
  /** Without user and password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Of every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Takes an address apart: neither `fetch` nor a message takes one with a password.
 *
 * @param given of a remote write, `http://user:password@host:9090/api/v1/write`
 */
export function receiverOf(given: string): Receiver {
  const url = new URL(given);
  const [user, password] = [url.username, url.password].map(decodeURIComponent) as [string, string];
  url.username = url.password = "";
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return { url: url.href, user, password, headers: user === "" ? {} : { authorization: basic } };
}

/**
 * Asks a Prometheus before the run whether it would take what generators write: they go on without it, and the
 * dashboard would stay empty.
 *
 * @param url of its remote write
 * @throws {DriveError} NO_PROMETHEUS when it does not answer, takes no remote write, or no native histograms
 */
export async function askPrometheus(given: string): Promise<void> {
  const { url, headers } = receiverOf(given);
  keepLoopbackDirect(process.env, url);
  const fail = (what: string, remedy: string) => new DriveError("NO_PROMETHEUS", `${url} ${what}; ${remedy}.`);
  let status: number;
  try {
    const asked = {
      method: "POST",
      headers: { ...BODY_HEADERS, ...headers },
      body: NOTHING,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    status = (await fetch(url, asked)).status;
  } catch (error) {
    // `fetch failed`, and the cause says why.
    const { cause = error } = error as { cause?: unknown };
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail(`does not answer (${reason})`, "start Prometheus, or correct the address of --prometheus");
  }
  if (status === 404) {
    throw fail("takes no remote write (404)", "start Prometheus with --web.enable-remote-write-receiver");
  }
  if (status >= 300) {
    throw fail(`refused an empty write (${status})`, "correct the address, user or password of --prometheus");
  }
  if (await lacksHistograms(url, headers)) {
    throw fail("takes no native histograms", "start Prometheus with --enable-feature=native-histograms");
  }
}

/** Only of a Prometheus that tells its flags: other receivers of remote write are taken at their word. */
async function lacksHistograms(url: string, headers: Record<string, string>): Promise<boolean> {
  const base = url.replace(/\/api\/v1\/write$/u, "/api/v1/status");
  if (base === url) return false;
  const [flags, build] = await Promise.all([ask(`${base}/flags`, headers), ask(`${base}/buildinfo`, headers)]);
  const [major = 0, minor = 0] = (build["version"] ?? "").split(".").map(Number);
  // Stable since 3.9 and always on.
  if (build["version"] === undefined || major > 3 || (major === 3 && minor >= 9)) return false;
  return !(flags["enable-feature"] ?? "").split(",").includes("native-histograms");
}

async function ask(url: string, headers: Record<string, string>): Promise<Readonly<Record<string, string>>> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return ((await answer.json()) as { data: Record<string, string> }).data;
  } catch {
    return {};
  }
}
