/** The `salvo` command. */
import { EXIT, failureOf } from "@salvo/shared/kernel/exit.ts";
import { CommanderError } from "commander";
import { processIo } from "./cli/process-io.ts";
import { createProgram } from "./cli/program.ts";

const io = processIo();
try {
  await createProgram(io).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    io.exitCode = error.exitCode === 0 ? EXIT.ok.code : EXIT.input.code; // commander has said what was wrong
  } else {
    const { text, code } = failureOf("salvo", error);
    io.stderr.write(text);
    io.exitCode = code;
  }
}
