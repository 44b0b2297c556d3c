import { type Command, Option } from "commander";
import type { RunsCommand } from "../runs.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, jsonOption } from "./options.ts";

export function declareRuns(program: Command, io: Io): void {
  program
    .command("runs")
    .description("Lists the runs in a data folder, or answers an SQL query (tables runs, samples, cpu, disk, net).")
    .addOption(dataOption())
    .addOption(new Option("--sql <QUERY>", "a DuckDB query over all sealed runs"))
    .addOption(new Option("--study <NAME>", "only runs of this study; * and ? match anything, as in the two below"))
    .addOption(new Option("--scenario <NAME>", "only runs of this scenario"))
    .addOption(new Option("--workload <NAME>", "only runs of this workload"))
    .addOption(new Option("--tag <KEY=VALUE...>", "only runs that have all these tags"))
    .addOption(new Option("--since <TIME>", "only runs since a day or time in UTC (2026-11-01), or 90m, 36h, 7d ago"))
    .addOption(new Option("--verdict <VERDICTS>", "only runs of this verdict; several with commas"))
    .addOption(jsonOption("one JSON object per row on stdout"))
    .action(exitWith(io, async (options: RunsCommand) => (await import("../runs.ts")).listStoredRuns(options, io)));
}
