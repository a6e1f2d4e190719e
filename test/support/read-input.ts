import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInputFaults, type InputFault } from "../../loadtest/whatif/input/input-faults.ts";
import type { Reading } from "../../loadtest/whatif/input/format.ts";
import type { InputOptions } from "../../loadtest/whatif/input/input-options.ts";
import { textOf } from "../../loadtest/whatif/input/row-batch.ts";
import { readRows } from "../../loadtest/whatif/input/rows.ts";

export type InputRow = [key: string, count: number, time?: number];

/** What was read from a text, which stands in a file named `in`. */
export interface ReadInput {
  readonly rows: InputRow[];
  readonly faults: InputFault[];
  readonly reading: Reading | null;
}

/** Reads a text as the files that users give are read. */
export async function readInput(content: string | Uint8Array, options: InputOptions = {}): Promise<ReadInput> {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-input-"));
  try {
    const file = join(folder, "in");
    writeFileSync(file, content);
    const faults = createInputFaults("in");
    const rows: InputRow[] = [];
    let reading: Reading | null = null;
    const onReading = (found: Reading): void => void (reading = found);
    for await (const { keys, counts, times } of readRows(file, faults, { options, onReading })) {
      keys.forEach((key, i) => {
        const time = times[i];
        rows.push(time === undefined ? [textOf(key), counts[i]!] : [textOf(key), counts[i]!, time]);
      });
    }
    return { rows, faults: faults.list(), reading };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
