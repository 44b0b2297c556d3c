/** The `salvo` command. */
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { CommanderError } from "commander";
import { EXIT, exitOfError } from "./cli/exit.ts";
import { createProgram } from "./cli/program.ts";

try {
  await createProgram(process).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok.code : EXIT.input.code; // commander has said what was wrong
  } else {
    const known = toSalvoError(error);
    process.stderr.write(`salvo: ${known.kind === "internal" ? (known.stack ?? known.message) : known.describe()}\n`);
    process.exitCode = exitOfError(known.kind);
  }
}
