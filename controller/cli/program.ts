import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { Command } from "commander";
import { declareAgents } from "./commands/agents.ts";
import { declareAudit } from "./commands/audit.ts";
import { declareCompare } from "./commands/compare.ts";
import { declareController } from "./commands/controller.ts";
import { declareDemo } from "./commands/demo.ts";
import { declareDeploy } from "./commands/deploy.ts";
import { declareDiscard } from "./commands/discard.ts";
import { declareDoctor } from "./commands/doctor.ts";
import { declareEnrol } from "./commands/enrol.ts";
import { declareHelp } from "./commands/help.ts";
import { declareInit } from "./commands/init.ts";
import { declareLab } from "./commands/lab.ts";
import { declareNats } from "./commands/nats.ts";
import { declareReader } from "./commands/reader.ts";
import { declareReport } from "./commands/report.ts";
import { declareResume } from "./commands/resume.ts";
import { declareRun } from "./commands/run.ts";
import { declareRuns } from "./commands/runs.ts";
import { declareServe } from "./commands/serve.ts";
import { declareStudy } from "./commands/study.ts";
import { declareTail } from "./commands/tail.ts";
import { declareToken } from "./commands/token.ts";
import { declareVlab } from "./commands/vlab.ts";
import type { Io } from "./io.ts";
import { VERSION } from "./version.ts";

/** In the order in which the help lists them. */
const COMMANDS = [
  declareDemo,
  declareRun,
  declareServe,
  declareResume,
  declareDiscard,
  declareReport,
  declareCompare,
  declareRuns,
  declareStudy,
  declareInit,
  declareToken,
  declareEnrol,
  declareDeploy,
  declareNats,
  declareController,
  declareLab,
  declareAgents,
  declareReader,
  declareAudit,
  declareTail,
  declareDoctor,
  declareVlab,
  declareHelp,
];

/**
 * `salvo` with all its commands, each of which declares its own arguments and options; docs/cli.md is written from it. What a
 * command does is loaded when it is called.
 */
export function createProgram(io: Io): Command {
  const program = new Command("salvo")
    .description(
      "Coordinated storage benchmarks: every participant's first I/O at one instant, every sample on one clock.",
    )
    .version(VERSION)
    .showHelpAfterError("(salvo help COMMAND tells more)")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .addHelpText(
      "after",
      `\nExit codes:\n${Object.values(EXIT)
        .map(({ code, means }) => `  ${String(code).padStart(3)}  ${means}`)
        .join("\n")}`,
    );

  for (const declare of COMMANDS) declare(program, io);
  return program;
}
