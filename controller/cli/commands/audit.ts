import { type Command, Option } from "commander";
import type { AuditShowCommand, AuditVerifyCommand } from "../audit.ts";
import type { Io } from "../io.ts";
import { parseCount } from "../values.ts";
import { exitWith, jsonOption } from "./options.ts";

export function declareAudit(program: Command, io: Io): void {
  const audit = program.command("audit").description("Who did what in a lab, when, and how it ended.");
  const labIfAny = () => new Option("--lab <FILE>", "the lab file; the audit log is beside it").env("SALVO_LAB");
  audit
    .command("verify")
    .description("Names each line of an audit log that is not as it was written, and then ends with exit code 6.")
    .argument("[FILE...]", "logs, or copies of agents' logs; without any, the lab's own")
    .addOption(labIfAny())
    .addOption(
      new Option("--agent <ID>", "the agent whose logs the files are; they must hold what the lab's log knows of them"),
    )
    .addOption(jsonOption("one JSON object per log on stdout"))
    .action(
      exitWith(io, async (files: string[], options: Omit<AuditVerifyCommand, "files">) =>
        (await import("../audit.ts")).verifyAudits({ ...options, files }, io),
      ),
    );
  audit
    .command("show")
    .description("Lists the last acts, and how each one ended.")
    .argument("[FILE]", "a log, or a copy of an agent's log; without it, the lab's own")
    .addOption(labIfAny())
    .addOption(new Option("--last <N>", "how many").argParser(parseCount).default(20))
    .addOption(jsonOption("instead: all entries as they are, one JSON object each"))
    .action(
      exitWith(io, async (file: string | undefined, options: Omit<AuditShowCommand, "file">) =>
        (await import("../audit.ts")).showAudit({ ...options, ...(file !== undefined && { file }) }, io),
      ),
    );
}
