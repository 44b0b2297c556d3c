import { type Command, Option } from "commander";
import type { DiscardCommand } from "../discard.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, labOption } from "./options.ts";

export function declareDiscard(program: Command, io: Io): void {
  program
    .command("discard")
    .description(
      "Gives up a run that cannot be sealed, or records that agents still hold. Says what is lost, and asks.",
    )
    .argument("<RUN>", "the run's id, or the beginning of it")
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(new Option("--yes", "do not ask"))
    .action(
      exitWith(io, async (run: string, options: Omit<DiscardCommand, "run">) =>
        (await import("../discard.ts")).discardRun({ run, ...options }, io),
      ),
    );
}
