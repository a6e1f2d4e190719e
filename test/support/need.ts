/**
 * Says whether a test has what it needs. Without it the test is skipped with the reason, but where `CI=true` a test
 * that cannot run is a failure: it would otherwise go missing unseen.
 *
 * @param name what is needed, e.g. "mariadbd"
 * @param value what was found, or null
 * @param remedy the command or setting that brings it
 * @returns the value for node:test's `skip` option: false, or the reason
 * @throws {Error} with CI=true when it is missing
 */
export function need(name: string, value: unknown, remedy: string): false | string {
  if (value !== null && value !== undefined && value !== false) return false;
  const reason = `needs ${name}: ${remedy}`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}
