/** The `salvo` command. */
import { EXIT, failureOf } from "@salvo/shared/kernel/exit.ts";
import { CommanderError } from "commander";
import { createProgram } from "./cli/program.ts";

// A reader that has seen enough (`salvo runs | head`) ends the command as SIGTERM does: a run stops all its participants.
let left = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (!left) process.kill(process.pid, "SIGTERM");
  left = true;
});

try {
  await createProgram(process).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok.code : EXIT.input.code; // commander has said what was wrong
  } else {
    const { text, code } = failureOf("salvo", error);
    process.stderr.write(text);
    process.exitCode = code;
  }
}
