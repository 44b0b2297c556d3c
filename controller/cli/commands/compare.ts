import { type Command, InvalidArgumentError, Option } from "commander";
import type { CompareCommand } from "../compare.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith } from "./options.ts";

const SELECTION =
  "a run's id or how it begins, a study, a scenario, STUDY/SCENARIO (* and ? match anything), a time (2026-11-01..2026-11-15), a tag (KEY=VALUE), a data folder or the folder of a run; several with commas";

export function declareCompare(program: Command, io: Io): void {
  program
    .command("compare")
    .description("Compares two selections of sealed runs: medians, ratios with 95 % intervals, and what is shown.")
    .argument("<BASE>", `what to compare with: ${SELECTION}`)
    .argument("<NEW>", "what is compared with it, named in the same way")
    .addOption(dataOption())
    .addOption(
      new Option(
        "--max-loss <PERCENT>",
        "end with a code of its own when a figure is worse by more than this",
      ).argParser(lossShare),
    )
    .addOption(
      new Option(
        "--measure <NAMES>",
        "the figures that --max-loss is about, with commas: iops, mib, p50, p99, cpu-guests, cpu-targets",
      ).default("iops"),
    )
    .addOption(
      new Option("--format <FORMAT>", "how the comparison is written to stdout")
        .choices(["text", "json", "junit", "markdown", "csv"])
        .default("text"),
    )
    .action(
      exitWith(io, async (base: string, now: string, options: Omit<CompareCommand, "base" | "now">) =>
        (await import("../compare.ts")).compareRuns({ ...options, base, now }, io),
      ),
    );
}

/** `5%` or `5` is 0.05. */
function lossShare(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?) ?%?$/.exec(text) ?? [];
  const percent = Number(number);
  if (number === undefined || percent >= 100)
    throw new InvalidArgumentError("a percentage below 100 is needed, as in 5%.");
  return percent / 100;
}
