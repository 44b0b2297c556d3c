import { type Command, Option } from "commander";
import type { TailCommand } from "../tail.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, labOption } from "./options.ts";

export function declareTail(program: Command, io: Io): void {
  program
    .command("tail")
    .description("Prints samples and events as they come in. With --run also those of a run that has ended.")
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(
      new Option("--run <RUN>", "of this run alone; without it, of all that the stream still has and of what comes"),
    )
    .addOption(
      new Option("--format <FORMAT>", "how to print a record").choices(["json", "csv", "influx"]).default("json"),
    )
    .addOption(new Option("--kind <KIND...>", "only these").choices(["fio", "cpu", "disk", "net", "event"]))
    .action(exitWith(io, async (options: TailCommand) => (await import("../tail.ts")).tailRecords(options, io)));
}
