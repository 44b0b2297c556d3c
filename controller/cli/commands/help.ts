import { didYouMean } from "@salvo/shared/config/nearest.ts";
import type { Command } from "commander";

/** Commander's own `help` takes one word, and so tells nothing of `lab import`. */
export function declareHelp(program: Command): void {
  program
    .helpCommand(false)
    .command("help")
    .description("Tells what a command does, and its arguments and options.")
    .argument("[COMMAND...]", "such as: lab import; all commands when none is named")
    .action((words: string[]) => {
      let found: Command = program;
      for (const [place, word] of words.entries()) {
        const next = found.commands.find((each) => each.name() === word);
        if (!next) {
          const names = found.commands.map((each) => each.name());
          const unknown = [...words.slice(0, place), word].join(" ");
          return found.showHelpAfterError().error(`error: unknown command '${unknown}'${didYouMean(word, names)}`);
        }
        found = next;
      }
      found.help();
    });
}
