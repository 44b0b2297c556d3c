import { type Command, Option } from "commander";
import type { EnrolCommand } from "../enrol.ts";
import type { Io } from "../io.ts";
import { exitWith, labOption } from "./options.ts";

export function declareEnrol(program: Command, io: Io): void {
  program
    .command("enrol")
    .description("Lets hosts that have a token join the lab, until Ctrl-C.")
    .addOption(labOption())
    .addOption(new Option("--listen <ADDRESS>", "where to listen; port 0 takes a free one").default("0.0.0.0:7440"))
    .action(exitWith(io, async (options: EnrolCommand) => (await import("../enrol.ts")).serveJoins(options, io)));
}
