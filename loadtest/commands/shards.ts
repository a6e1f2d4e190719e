import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import type { ChangeRequest } from "../../server/protocol/shards.ts";
import { EXIT } from "../run/exit-code.ts";
import { progressBar } from "./progress-bar.ts";
import { clientOf, examples, print, subcommand, type ShardsOptions } from "./shards-command.ts";
import { addRebalance } from "./shards-rebalance.ts";
import { changeText, shardsText, statusText, verificationText } from "./shards-output.ts";

interface ChangeOptions extends ShardsOptions {
  readonly dryRun?: boolean;
  readonly epoch?: string;
  readonly parts?: string;
}

/** A command that changes the shards. */
interface ChangeCommand {
  /** With its arguments: `drain <label>`. */
  readonly words: string;
  readonly summary: string;
  readonly more: string;
  readonly example: string;
  readonly change: (words: readonly string[], options: ChangeOptions) => ChangeRequest;
}

const LABEL = "A shard's label is in `hotshard shards list`.";

const CHANGES: readonly ChangeCommand[] = [
  {
    words: "add <url>",
    summary: "take an empty database in as a new shard",
    more:
      "New messages go to it from now on; older ones stay where they are until a rebalance. The database is " +
      "empty and belongs to no other system. A label in place of the URL lets a shard that was drained take " +
      "new messages again.",
    example: "add mysql://chat:secret@db5:3306/chat",
    change: ([url]) => (/^\d{2,}$/u.test(url!) ? { do: "put-back", shard: url! } : { do: "add", url: url! }),
  },
  {
    words: "drain <label>",
    summary: "send new messages to the other shards",
    more: `What the shard holds stays readable until a rebalance has moved it. ${LABEL}`,
    example: "drain 02 --dry-run",
    change: ([shard]) => ({ do: "drain", shard: shard! }),
  },
  {
    words: "remove <label>",
    summary: "let a shard go that owns no message any more",
    more: "Drain it and rebalance first: while it owns messages this is refused.",
    example: "remove 02",
    change: ([shard]) => ({ do: "remove", shard: shard! }),
  },
  {
    words: "pin <dialog> <label>",
    summary: "put a hot dialog on one shard, which then gets less of the others",
    more: "Good for a dialog of at most one shard's part of all messages; a hotter one needs a split.",
    example: "pin 17_9001 02",
    change: ([dialog, shard]) => ({ do: "pin", dialog: dialog!, shard: shard! }),
  },
  {
    words: "split <dialog>",
    summary: "spread a hot dialog over several shards",
    more: "Its writes are divided by the parts; reading its history then asks each of them.",
    example: "split 17_9001 --parts 4",
    change: ([dialog], { parts }) => ({ do: "split", dialog: dialog!, parts: whole("--parts", parts) }),
  },
  {
    words: "merge <dialog>",
    summary: "end a dialog's pin or split",
    more: "Its new messages go where the placement puts them.",
    example: "merge 17_9001",
    change: ([dialog]) => ({ do: "merge", dialog: dialog! }),
  },
  {
    words: "placement <name>",
    summary: "place new messages by another strategy",
    more: "A name with its options, as `hotshard serve --placement` takes it.",
    example: "placement ring:virtualNodes=160 --dry-run",
    change: ([placement]) => ({ do: "placement", placement: placement! }),
  },
];

/** `hotshard shards …`: what operators do to the shards of a running server. */
export function addShards(program: Command, finish: (code: number) => void): void {
  const shards = program
    .command("shards")
    .summary("add, drain, pin, split, rebalance and verify shards while people chat")
    .description(
      "Looks at the shards of a running server and changes them while people chat. Each change is forecast, " +
        "and takes effect at once for new messages; `rebalance` moves the older ones.",
    )
    .addHelpText("after", examples("list", "add sqlite:data/shard-04.db --dry-run", "rebalance", "verify"));

  subcommand(shards, "list", "every shard: state, what it holds, its part of the keys", "list --json").action(
    async (options: ShardsOptions) => {
      const reply = await clientOf(options).list();
      print(options, reply, () => shardsText(reply, process.stdout));
    },
  );

  subcommand(shards, "status", "epoch, placement, pins, splits, and what is being moved", "status").action(
    async (options: ShardsOptions) => {
      const client = clientOf(options);
      const [reply, moves] = await Promise.all([client.list(), client.moves()]);
      print(options, { topology: reply.topology, out: reply.out, moves }, () =>
        statusText(reply, moves, process.stdout),
      );
    },
  );

  for (const one of CHANGES) {
    const command = subcommand(shards, one.words, one.summary, one.example, one.more)
      .option("--dry-run", "judge and forecast it, and change nothing")
      .option("--epoch <number>", "refuse it unless the topology is at this epoch");
    if (one.words.startsWith("split")) command.requiredOption("--parts <number>", "shards that it is spread over");
    command.action(async (...given: unknown[]) => {
      const options = given.at(-2) as ChangeOptions;
      await change(one.change(given as string[], options), options);
    });
  }

  addRebalance(
    subcommand(shards, "rebalance", "move older messages to where new ones would go", "rebalance --dry-run"),
    finish,
  );

  subcommand(
    shards,
    "verify",
    "compare the shards: every message on its owner, once",
    "verify --json",
    "Reads every row of every shard, in pages, while people chat. Exit code 1 when something is not where it belongs.",
  ).action(async (options: ShardsOptions) => {
    const bar = progressBar(process.stderr);
    const found = await clientOf(options)
      .verify((seen, of) => bar.show({ what: "reading", seen, of }))
      .finally(() => bar.end());
    print(options, found, () => verificationText(found, process.stdout));
    if (!found.match) finish(EXIT.failed);
  });
}

async function change(request: ChangeRequest, options: ChangeOptions): Promise<void> {
  const client = clientOf(options);
  const dryRun = options.dryRun === true;
  // What was seen is what is changed: another operator's change in between is told, not overlooked.
  const epoch = options.epoch === undefined ? (await client.list()).topology.epoch : whole("--epoch", options.epoch);
  const reply = await client.change({ change: request, epoch, dryRun });
  print(options, reply, () => changeText(request, reply, process.stdout));
}

function whole(option: string, text = ""): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new ConfigError("BAD_OPTIONS", `${option} ${text}: a whole number`);
}
