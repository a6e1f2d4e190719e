import http from "k6/http";

const ASK_MS = 1_000;

/**
 * Asks the driver once a second whether the schedule ends before its time: k6 itself knows of no end but a signal's,
 * after which nobody knows what became of the last messages.
 *
 * @param url the driver's own address; null: nobody is asked, and the schedule goes on to its end
 * @param onCut called once, at the moment at which the schedule ends for all VUs
 * @returns asks no more
 */
export function askForCut(url: string | null, onCut: () => void): () => void {
  let isStopped = url === null;

  async function ask(): Promise<void> {
    if (isStopped || url === null) return;
    const reply = await http.asyncRequest("GET", url, null, { timeout: "2s", tags: { name: "cut" } });
    if (isStopped) return;
    const at = Number(reply.body);
    if (at > 0) setTimeout(() => void (isStopped || onCut()), Math.max(1, at - Date.now()));
    else setTimeout(() => void ask(), ASK_MS);
  }

  void ask();
  return () => void (isStopped = true);
}
