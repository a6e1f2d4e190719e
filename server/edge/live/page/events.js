/** A server that says nothing for so long is gone, ms. */
const SILENCE_MS = 6_000;

/** The stream ended by an answer that is not a stream. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Reads server-sent events by `fetch`, which can send a token in a header and so keeps it out of addresses and logs.
 *
 * @param {string} url
 * @param {{ token: string | null, signal: AbortSignal, onEvent: (name: string, data: unknown) => void }} options
 * @returns {Promise<void>} when the server ends the stream
 * @throws {Refused} when it answers with another status than 200
 */
export async function readEvents(url, { token, signal, onEvent }) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(url, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status !== 200 || response.body === null) throw await refusal(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const events = (rest + value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) dispatch(event, onEvent);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} event @param {(name: string, data: unknown) => void} onEvent */
function dispatch(event, onEvent) {
  const parts = /^event: (\w+)\ndata: (.*)$/.exec(event);
  if (parts !== null) onEvent(parts[1] ?? "", JSON.parse(parts[2] ?? "null"));
}

/** @param {Response} response */
async function refusal(response) {
  const { message = `the server answered ${response.status}` } = await response.json().catch(() => ({}));
  return new Refused(response.status, message);
}
