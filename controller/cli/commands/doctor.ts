import { type Command, Option } from "commander";
import type { DoctorCommand } from "../doctor.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, jsonOption } from "./options.ts";

export function declareDoctor(program: Command, io: Io): void {
  program
    .command("doctor")
    .description("Looks at this machine, and at the agents of a lab, and says what to do about what it finds.")
    .addOption(new Option("--lab <FILE>", "look at this lab's agents too").env("SALVO_LAB"))
    .addOption(dataOption())
    .addOption(jsonOption("one JSON object per check on stdout"))
    .action(exitWith(io, async (options: DoctorCommand) => (await import("../doctor.ts")).diagnose(options, io)));
}
