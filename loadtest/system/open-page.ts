import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** A program that shows a page goes on after it has been told to; one that cannot fails at once. */
const PATIENCE_MS = 1_500;

type Environment = Readonly<Record<string, string | undefined>>;

/** The program that opens a page in the browser of the desktop, with its arguments; `BROWSER` names another one. */
function openerOf(url: string, platform: NodeJS.Platform, { BROWSER }: Environment): [string, string[]] {
  if (BROWSER !== undefined && BROWSER !== "") return [BROWSER, [url]];
  if (platform === "darwin") return ["open", [url]];
  if (platform === "win32") return ["rundll32", ["url.dll,FileProtocolHandler", url]];
  return ["xdg-open", [url]];
}

/**
 * Shows a file in the browser, without a shell: no name of a folder is a command.
 *
 * @returns null when it was handed over, else a line that says why not and what to do
 */
export async function openPage(
  file: string,
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<string | null> {
  const path = resolve(file);
  const [program, args] = openerOf(pathToFileURL(path).href, platform, environment);
  const child = spawn(program, args, { stdio: "ignore", detached: true, env: { ...environment } });
  child.unref();
  const timer = new AbortController();
  try {
    const code = await Promise.race([
      once(child, "exit", { signal: timer.signal }).then(([exit]: (number | null)[]) => exit ?? 0),
      new Promise<number>((done) => {
        const late = setTimeout(done, PATIENCE_MS, 0);
        timer.signal.addEventListener("abort", () => clearTimeout(late));
      }),
    ]);
    return code === 0 ? null : `No browser was opened (${program} ended with ${code}); open ${path} yourself.`;
  } catch {
    return `No browser was opened (there is no ${program} here); open ${path} yourself, or name one in BROWSER.`;
  } finally {
    timer.abort();
  }
}
