import { spawnSync } from "node:child_process";

/**
 * @returns the words that call Compose: docker's plugin, else the program of its own that Debian has (1.29); or null
 */
export function findCompose(): readonly string[] | null {
  const forms = [["docker", "compose"], ["docker-compose"]];
  return forms.find(([program, ...args]) => spawnSync(program!, [...args, "version"]).status === 0) ?? null;
}
