import type { ResendPort } from "../resend.ts";
import type { Connections } from "./connections.ts";

/** Sends again on the connections of this generator. @param connections asked when they are needed */
export function resendPort(connections: () => Connections): ResendPort {
  return {
    after: (ms, run) => void setTimeout(run, ms).unref(),
    write(author, frame) {
      const session = connections().session(author);
      if (session?.open !== true) return false;
      session.queue(() => frame);
      session.flush();
      return true;
    },
  };
}
