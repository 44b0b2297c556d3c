import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import type { ServeCommand } from "../serve.ts";
import { dataOption, exitWith, labOption } from "./options.ts";

export function declareServe(program: Command, io: Io): void {
  program
    .command("serve")
    .description("Serves a page in which operators start studies, watch them, and look at results. Until Ctrl-C.")
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(new Option("--studies <DIR>", "the folder of study files that the page offers").default("studies"))
    .addOption(
      new Option(
        "--listen <ADDRESS>",
        "the address at which browsers reach this host; port 0 takes a free one",
      ).default("127.0.0.1:8443"),
    )
    .action(exitWith(io, async (options: ServeCommand) => (await import("../serve.ts")).serveLab(options, io)));
}
