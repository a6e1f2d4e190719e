/** What this process has computed so far, ms: a busy machine takes time of the clock, and none of this. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
