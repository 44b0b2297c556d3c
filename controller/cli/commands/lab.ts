import { type Command, Option } from "commander";
import type { ImportCommand } from "../lab-import.ts";
import type { ApplyCommand, StorageCommand } from "../storage.ts";
import type { Io } from "../io.ts";
import { exitWith, jsonOption, labOption } from "./options.ts";

export function declareLab(program: Command, io: Io): void {
  const storage = program
    .command("lab")
    .description("The storage of a lab: what targets export, what initiators attach, and the path between them.");
  storage
    .command("import")
    .description(
      "Prints the agents of a lab file for hosts that you reach by ssh: address, user and pinned key. Connects to none.",
    )
    .argument("[HOST...]", "as you name them after ssh; all of the ssh config when none is named")
    .option("--ssh-config <FILE>", "instead of ~/.ssh/config")
    .option("--known-hosts <FILE...>", "instead of ~/.ssh/known_hosts and the host's own ssh_known_hosts")
    .addOption(jsonOption("one JSON object per host on stdout"))
    .action(
      exitWith(io, async (hosts: string[], options: Omit<ImportCommand, "hosts">) =>
        (await import("../lab-import.ts")).importHosts({ ...options, hosts }, io),
      ),
    );
  const yes = () => new Option("--yes", "do not ask");
  storage
    .command("inspect")
    .description("Shows what exists, from Salvo and from others, with the identifiers of each LUN. Changes nothing.")
    .addOption(labOption())
    .addOption(jsonOption("one JSON object per host on stdout"))
    .action(
      exitWith(io, async (options: StorageCommand) => (await import("../storage.ts")).inspectStorage(options, io)),
    );
  storage
    .command("plan")
    .description("Shows every command that apply would run on every host. Changes nothing.")
    .addOption(labOption())
    .addOption(jsonOption("one JSON object per host on stdout"))
    .action(exitWith(io, async (options: StorageCommand) => (await import("../storage.ts")).planStorage(options, io)));
  storage
    .command("apply")
    .description(
      "Makes all hosts as the section storage of the lab file says. Shows the plan, asks, and does exactly that.",
    )
    .addOption(labOption())
    .addOption(yes())
    .addOption(jsonOption("one JSON object per host on stdout, when it is done"))
    .action(exitWith(io, async (options: ApplyCommand) => (await import("../storage.ts")).applyStorage(options, io)));
  storage
    .command("check")
    .description(
      "Tests the path from every initiator to every address of a target: links, MTU, and RDMA with its throughput.",
    )
    .addOption(labOption())
    .addOption(jsonOption("one JSON object per check on stdout"))
    .action(exitWith(io, async (options: StorageCommand) => (await import("../path-checks.ts")).checkLab(options, io)));
  storage
    .command("destroy")
    .description("Removes everything that apply made, and nothing else. Shows the plan, asks, and does exactly that.")
    .addOption(labOption())
    .addOption(yes())
    .addOption(jsonOption("one JSON object per host on stdout, when it is done"))
    .action(exitWith(io, async (options: ApplyCommand) => (await import("../storage.ts")).destroyStorage(options, io)));
}
