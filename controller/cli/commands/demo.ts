import { type Command, Option } from "commander";
import type { DemoCommand } from "../demo.ts";
import type { Io } from "../io.ts";
import { parseCount, parseSeconds } from "../values.ts";
import { exitWith, jsonOption } from "./options.ts";

export function declareDemo(program: Command, io: Io): void {
  program
    .command("demo")
    .description("Shows everything on this machine: agents as processes of their own, real fio, and a report.")
    .addOption(new Option("--agents <N>", "how many agents").argParser(parseCount).default(4))
    .addOption(new Option("--seconds <S>", "how long each workload is measured").argParser(parseSeconds).default(5))
    .addOption(
      new Option("--workload <NAME>", "only this one of the four: 4k-randread, 4k-randwrite, 64k-read, 64k-write"),
    )
    .addOption(new Option("--fio <PATH>", "the fio to use").default("fio"))
    .addOption(new Option("--out <DIR>", "where runs and report go").default("salvo-demo"))
    .addOption(jsonOption("one JSON object per run on stdout, and nothing else there"))
    .action(exitWith(io, async (options: DemoCommand) => (await import("../demo.ts")).runDemo(options, io)));
}
