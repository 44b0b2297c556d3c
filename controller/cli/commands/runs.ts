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
    .addOption(jsonOption("one JSON object per row on stdout"))
    .action(exitWith(io, async (options: RunsCommand) => (await import("../runs.ts")).listStoredRuns(options, io)));
}
