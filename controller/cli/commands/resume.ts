import type { Command } from "commander";
import type { ResumeCommand } from "../resume.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, jsonOption, labOption } from "./options.ts";

export function declareResume(program: Command, io: Io): void {
  program
    .command("resume")
    .description(
      "Finishes runs that a killed controller left open, and collects what agents still hold of sealed ones.",
    )
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(jsonOption("one JSON object per run on stdout, and nothing else there"))
    .action(exitWith(io, async (options: ResumeCommand) => (await import("../resume.ts")).resumeRuns(options, io)));
}
