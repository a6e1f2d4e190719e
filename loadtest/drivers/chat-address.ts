/** Parts of `wss://user@host:443/team/chat?x#y`: scheme without `ws`, host with its port, path. */
const CHAT = /^ws(s?):\/\/(?:[^@/?#]*@)?([^/?#]+)([^?#]*)/;

/**
 * Where the server's HTTP routes are: beside its chat, as behind a proxy that gives both a path of their own.
 *
 * @param url WebSocket address of the chat
 * @returns without a slash at its end: `https://host/team` of `wss://host/team/chat`
 * @throws {RangeError} when it is no WebSocket address
 */
export function httpBase(url: string): string {
  const parts = CHAT.exec(url);
  if (parts === null) throw new RangeError(`${url} is no WebSocket address`);
  const beside = (parts[3] ?? "").replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  return `http${parts[1]}://${parts[2]}${beside}`;
}

/** @param host as in a URL, an IPv6 address in brackets; without its port */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
