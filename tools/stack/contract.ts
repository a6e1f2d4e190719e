/** One program of the stack, and how it is started and asked. Its files are in a folder of its own. */
export interface Part {
  /** `mariadb-00`, `server`, `prometheus`, `loki` */
  readonly name: string;
  /** Where people and programs find it, without passwords. */
  readonly address: string;
  /** The port of 127.0.0.1 that it listens on. */
  readonly port: number;
  /** Writes what it needs into its folder, and says what to run. MUST be harmless when called again. */
  prepare(): Promise<Command>;
  /** Whether it does its work now; MUST NOT throw. */
  isReady(): Promise<boolean>;
  /** What it says of itself, or null; MUST NOT throw. */
  version(): Promise<string | null>;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** On top of this process's own; secrets go here, never into `args`, which every user of the machine can read. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The ports of a stack, all on 127.0.0.1. They stay the same until `down`, so that a part that died comes back. */
export interface Ports {
  readonly server: number;
  readonly prometheus: number;
  /** Null without Loki. */
  readonly loki: Loki | null;
  /** One for each shard. */
  readonly mariadb: readonly number[];
}

export interface Loki {
  readonly http: number;
  readonly grpc: number;
}

export type PartState = "up" | "not ready" | "down";

/** What `hotshard stack status` shows of one part. */
export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  /** Process id, or null when it does not run. */
  readonly pid: number | null;
  readonly address: string;
  readonly version: string | null;
}
