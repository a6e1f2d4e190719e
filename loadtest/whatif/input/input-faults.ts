/** Something wrong with an input that did not stop the reading. */
export interface InputFault {
  /** Stable, in capitals. */
  readonly code: string;
  /** The first place where it was found: file and line, or element of a document. */
  readonly where: string;
  readonly message: string;
  /** Lines with this fault. */
  readonly lines: number;
  /** Whether these lines are missing from what was counted. */
  readonly lost: boolean;
}

export interface InputFaults {
  /** Counts one more line with this fault; the message of the first one is kept. */
  add(code: string, line: number, message: () => string, lost?: boolean): void;
  /** From here on places are elements of a document, and no lines. */
  countElements(): void;
  list(): InputFault[];
}

/** @returns an input as faults name it: `-` is stdin */
export const inputName = (path: string): string => (path === "-" ? "stdin" : path);

/** @param file as the user named it */
export function createInputFaults(file: string): InputFaults {
  const name = inputName(file);
  const found = new Map<string, { where: string; message: string; lines: number; lost: boolean }>();
  let place = "line";
  return {
    countElements() {
      place = "element";
    },
    add(code, line, message, lost = true) {
      const known = found.get(code);
      if (known === undefined)
        found.set(code, { where: `${name} ${place} ${line}`, message: message(), lines: 1, lost });
      else known.lines += 1;
    },
    list: () => [...found].map(([code, fault]) => ({ code, ...fault })),
  };
}
