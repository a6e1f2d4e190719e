import { DriveError } from "./drive-error.ts";

const TIMEOUT_MS = 5_000;
/** An empty list of series: a protocol buffer of no bytes, in Snappy's block format. */
const NOTHING = new Uint8Array([0]);
const HEADERS = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};

/** What k6's remote write reads from the environment: histograms that can be added up, every second. */
export function remoteWrite(url: string): Record<string, string> {
  return {
    K6_PROMETHEUS_RW_SERVER_URL: url,
    K6_PROMETHEUS_RW_PUSH_INTERVAL: "1s",
    K6_FEATURES: "native-histograms",
  };
}

/**
 * Asks a Prometheus before the run whether it would take what k6 writes: k6 itself goes on without it, and the dashboard
 * would stay empty.
 *
 * @param url of its remote write
 * @throws {DriveError} NO_PROMETHEUS when it does not answer, takes no remote write, or no native histograms
 */
export async function askPrometheus(url: string): Promise<void> {
  const fail = (what: string, remedy: string) => new DriveError("NO_PROMETHEUS", `${url} ${what}; ${remedy}.`);
  let status: number;
  try {
    const asked = { method: "POST", headers: HEADERS, body: NOTHING, signal: AbortSignal.timeout(TIMEOUT_MS) };
    status = (await fetch(url, asked)).status;
  } catch (error) {
    // `fetch failed`, and the cause says why.
    const { cause = error } = error as { cause?: unknown };
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail(`does not answer (${reason})`, "start Prometheus, or mend the address of --prometheus");
  }
  if (status === 404) {
    throw fail("takes no remote write (404)", "start Prometheus with --web.enable-remote-write-receiver");
  }
  if (status >= 300) {
    throw fail(`refused an empty write (${status})`, "mend the address, user or password of --prometheus");
  }
  if (await lacksHistograms(url)) {
    throw fail("takes no native histograms", "start Prometheus with --enable-feature=native-histograms");
  }
}

/** Only of a Prometheus that tells its flags: other receivers of remote write are taken at their word. */
async function lacksHistograms(url: string): Promise<boolean> {
  const base = url.replace(/\/api\/v1\/write$/u, "/api/v1/status");
  if (base === url) return false;
  const [flags, build] = await Promise.all([ask(`${base}/flags`), ask(`${base}/buildinfo`)]);
  const [major = 0, minor = 0] = (build["version"] ?? "").split(".").map(Number);
  // Stable since 3.9 and always on.
  if (build["version"] === undefined || major > 3 || (major === 3 && minor >= 9)) return false;
  return !(flags["enable-feature"] ?? "").split(",").includes("native-histograms");
}

async function ask(url: string): Promise<Readonly<Record<string, string>>> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return ((await answer.json()) as { data: Record<string, string> }).data;
  } catch {
    return {};
  }
}
