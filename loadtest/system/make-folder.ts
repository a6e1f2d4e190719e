import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a file system says that what is above does
 * not exist and cannot be made, as `/proc` does.
 *
 * @throws what `mkdir` throws; EEXIST when there is something else than a folder
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await mkdir(path).catch((second: NodeJS.ErrnoException) => allowFolder(path, second));
    } else await allowFolder(path, error as NodeJS.ErrnoException);
  }
}

async function allowFolder(path: string, error: NodeJS.ErrnoException): Promise<void> {
  if (error.code !== "EEXIST" || !(await stat(path)).isDirectory()) throw error;
}
