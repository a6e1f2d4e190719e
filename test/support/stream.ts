import type { ServerFrame } from "../../server/protocol/frames.ts";
import { connect, type ChatClient } from "./chat-client.ts";

/** What one author of an endless stream knows at its end. */
export interface Stream {
  readonly client: ChatClient;
  readonly author: number;
  readonly recipient: number;
  /** Client ids in the order in which they were sent. */
  readonly sent: string[];
  /** Message ids by client id. */
  readonly acks: Map<string, string>;
  /** Client ids that were answered with an error, and its code. */
  readonly refused: Map<string, string>;
  /** Codes of errors that name no frame. */
  readonly said: string[];
}

const WINDOW = 20;

/** Keeps 20 messages outstanding until the connection ends. @param onAck after each ack */
export async function startStream(chat: string, author: number, onAck: () => void): Promise<Stream> {
  const client = await connect(chat, author);
  const recipient = author + 100_000;
  const stream: Stream = { client, author, recipient, sent: [], acks: new Map(), refused: new Map(), said: [] };

  function send(): void {
    if (client.socket.readyState !== client.socket.OPEN || stream.said.length > 0) return;
    const id = `s${stream.sent.length}`;
    stream.sent.push(id);
    client.send({ type: "send", id, to: recipient, text: `text of ${id}` });
  }

  client.socket.on("message", (data) => {
    const value = JSON.parse((data as Buffer).toString()) as ServerFrame | ServerFrame[];
    for (const frame of Array.isArray(value) ? value : [value]) {
      if (frame.type === "ack") stream.acks.set(frame.id, frame.message);
      else if (frame.type !== "error") continue;
      else if (frame.id === undefined) stream.said.push(frame.code);
      else stream.refused.set(frame.id, frame.code);
      send();
      if (frame.type === "ack") onAck();
    }
  });
  for (let i = 0; i < WINDOW; i++) send();
  return stream;
}

/** The whole history of the stream's dialog. @returns message ids by client id, and how many messages there are */
export async function readBack(
  chat: string,
  { author, recipient }: Stream,
): Promise<{ ids: Map<string, string>; count: number }> {
  const client = await connect(chat, author);
  const ids = new Map<string, string>();
  let count = 0;
  let before: string | undefined;
  do {
    client.send({ type: "history", id: "h", with: recipient, ...(before !== undefined && { before }) });
    const page = await client.next("history");
    count += page.messages.length;
    for (const { client: id, message } of page.messages) ids.set(id, message);
    before = page.next;
  } while (before !== undefined);
  await client.close();
  return { ids, count };
}
