#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence and not a syntax error.
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `hotshard: NODE_TOO_OLD: this is Node ${process.versions.node}, hotshard needs 22.13 or newer. ` +
      "In a clone use `npm run hotshard -- …` or `npx hotshard …` (npm ci brings Node 26), else install a newer Node.\n",
  );
  process.exit(2);
}

// Compiled code is kept between calls, here and in the servers that are started: half the time of a short command.
const { directory } = nodeModule.enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;

const compiled = new URL("../dist/loadtest/cli.js", import.meta.url);
const source = new URL("../loadtest/cli.ts", import.meta.url);
const { main } = await import((existsSync(source) ? source : compiled).href);
process.exitCode = await main(process.argv.slice(2));
