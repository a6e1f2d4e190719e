/** What became of what the command printed. */
export interface StandardOutput {
  /**
   * Waits until all is printed. @returns why it could not be; null: it could, or its reader had enough, as `head` has
   */
  end(): Promise<Error | null>;
}

/** Behind `| head` nobody reads on. */
const HAD_ENOUGH = "EPIPE";

/**
 * Watches what this process prints, so that a full disk or a closed pipe does not end it in mid-work: what is under way
 * goes on, and is told of at the end. Of stderr nobody can be told.
 */
export function watchStandardOutput({ stdout, stderr }: Pick<NodeJS.Process, "stdout" | "stderr">): StandardOutput {
  let fault: NodeJS.ErrnoException | null = null;
  stderr.on("error", () => {});
  // The first is the reason; that the stream is then closed to further writes is none.
  stdout.on("error", (error) => void (fault ??= error));
  return {
    async end() {
      await new Promise((resolve) => void stdout.write("", resolve));
      return fault?.code === HAD_ENOUGH ? null : fault;
    },
  };
}
