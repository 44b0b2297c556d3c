import { type Command, Option } from "commander";
import type { DiscardCommand } from "./discard.ts";
import type { Io } from "./io.ts";

interface Declaring {
  readonly lab: () => Option;
  readonly data: () => Option;
  readonly finish: <Args extends unknown[]>(
    command: (...args: Args) => Promise<number>,
  ) => (...args: Args) => Promise<void>;
  readonly io: Io;
}

export function declareDiscard(program: Command, { lab, data, finish, io }: Declaring): void {
  program
    .command("discard")
    .description("Gives up a run that cannot be sealed, or whose agents hold more of it: says what is lost, and asks.")
    .argument("<RUN>", "its id, or how it begins")
    .addOption(lab())
    .addOption(data())
    .addOption(new Option("--yes", "do not ask"))
    .action(
      finish(async (run: string, options: Omit<DiscardCommand, "run">) =>
        (await import("./discard.ts")).discardRun({ run, ...options }, io),
      ),
    );
}
