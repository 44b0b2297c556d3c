import { type Command, Option } from "commander";
import type { DeployCommand } from "../deploy.ts";
import type { PrintCommand } from "../deploy-print.ts";
import type { Io } from "../io.ts";
import { exitWith, jsonOption, labOption } from "./options.ts";

export function declareDeploy(program: Command, io: Io): void {
  program
    .command("deploy")
    .description(
      "Puts agents on their hosts over SSH, as the lab file says: copies, installs, joins, starts. Again: upgrades.",
    )
    .argument("[AGENT...]", "only these; without any, all that have ssh in the lab file")
    .addOption(labOption())
    .addOption(new Option("--plan", "only say what would be done"))
    .addOption(new Option("--remove", "instead: stop the agents, and take away all that was put there"))
    .addOption(new Option("--bundle <FILE>", "the archive to install; without it, that of this checkout is made"))
    .addOption(
      new Option(
        "--print",
        "instead, for a host without SSH: print a line to paste there, and wait for its agent",
      ).conflicts(["plan", "remove", "json"]),
    )
    .addOption(
      new Option("--os <OS>", "of the host that --print is for").choices(["linux", "windows"]).default("linux"),
    )
    .addOption(jsonOption("one JSON object per host on stdout"))
    .action(
      exitWith(
        io,
        async (
          chosen: string[],
          { print, ...options }: Omit<DeployCommand & PrintCommand, "agents"> & { print?: boolean },
        ) =>
          print
            ? (await import("../deploy-print.ts")).printLine({ ...options, agents: chosen }, io)
            : (await import("../deploy.ts")).deployAgents({ ...options, agents: chosen }, io),
      ),
    );
}
