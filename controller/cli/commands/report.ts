import { type Command, Option } from "commander";
import type { ReportCommand } from "../report.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith } from "./options.ts";

export function declareReport(program: Command, io: Io): void {
  program
    .command("report")
    .description("Makes one HTML file of sealed runs, which needs no network and no other file.")
    .argument(
      "<RUN...>",
      "run ids or how they begin, studies, scenarios, STUDY/SCENARIO with * and ?, times, tags (KEY=VALUE); * for all. The page has charts of 100 runs at most, and figures of all",
    )
    .addOption(dataOption())
    .addOption(new Option("--out <FILE>", "the file to write").default("report.html"))
    .action(
      exitWith(io, async (runs: string[], options: Omit<ReportCommand, "runs">) =>
        (await import("../report.ts")).makeReport({ ...options, runs }, io),
      ),
    );
}
