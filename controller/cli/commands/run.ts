import { type Command, Option } from "commander";
import type { RunCommand } from "../run.ts";
import type { Io } from "../io.ts";
import { parseCount, parseSeconds } from "../values.ts";
import { dataOption, exitWith, jsonOption, labOption } from "./options.ts";

export function declareRun(program: Command, io: Io): void {
  program
    .command("run")
    .description("Runs a study on a lab, one synchronized run after another.")
    .argument("<STUDY>", "the study file: scenarios and workloads")
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(new Option("--seconds <S>", "replaces every workload's duration").argParser(parseSeconds))
    .addOption(new Option("--repeats <N>", "replaces the study's repeats").argParser(parseCount))
    .addOption(new Option("--only <SCENARIO/WORKLOAD>", "only what matches; * and ? match anything, as in '*/4k-*'"))
    .addOption(
      new Option("--tag <KEY=VALUE...>", "kept with every run, as in firmware=1.2; runs, report and compare find it"),
    )
    .addOption(new Option("--plan", "only prints what would be done: runs, order, time, and changes of each host"))
    .addOption(jsonOption("one JSON object per run on stdout, and nothing else there"))
    .action(
      exitWith(io, async (study: string, options: Omit<RunCommand, "study">) =>
        (await import("../run.ts")).runStudyFile({ ...options, study }, io),
      ),
    );
}
