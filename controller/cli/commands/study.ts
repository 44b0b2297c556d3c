import type { Command } from "commander";
import type { Io } from "../io.ts";
import { exitWith } from "./options.ts";

export function declareStudy(program: Command, io: Io): void {
  const study = program.command("study").description("Helps to write study files.");
  study
    .command("schema")
    .description("Prints a JSON Schema of study files: editors complete keys with it and mark mistakes.")
    .action(exitWith(io, async () => (await import("../study-schema.ts")).printStudySchema(io)));
}
