import { type Command, Option } from "commander";
import type { StatusCommand, UpCommand } from "../vlab.ts";
import type { Io } from "../io.ts";
import { parseCount, parseMebibytes } from "../values.ts";
import { exitWith, jsonOption } from "./options.ts";

export function declareVlab(program: Command, io: Io): void {
  const vlab = program
    .command("vlab")
    .description("A lab of virtual machines on this host, for tests: a target and guests with clocks of their own.");
  const dir = () => new Option("--dir <DIR>", "the lab's folder").makeOptionMandatory();
  vlab
    .command("up")
    .description("Starts the guests and returns when every agent answers. Needs root, QEMU, and `scripts/setup vlab`.")
    .addOption(dir())
    .addOption(
      new Option("--guests <N>", "how many initiator guests, besides the target").argParser(parseCount).default(2),
    )
    .addOption(new Option("--memory <MIB>", "the memory of each guest, in MiB").argParser(parseMebibytes).default(1024))
    .addOption(
      new Option("--disk <MIB>", "each guest's own disk, in MiB; workloads get a quarter of it")
        .argParser(parseMebibytes)
        .default(256),
    )
    .addOption(
      new Option(
        "--hypervisor <KIND>",
        "an agent of this machine gives disks to the guests, for scenarios with attach: hypervisor",
      ).choices(["kvm"]),
    )
    .action(exitWith(io, async (options: UpCommand) => (await import("../vlab.ts")).upVlab(options, io)));
  vlab
    .command("status")
    .description("Shows the guests of a virtual lab; exits with 6 unless all of them run.")
    .addOption(dir())
    .addOption(jsonOption("one JSON object on stdout"))
    .action(exitWith(io, async (options: StatusCommand) => (await import("../vlab.ts")).showVlab(options, io)));
  vlab
    .command("shell")
    .description("Opens a root shell in a guest, or runs one command there and ends with its exit code.")
    .argument("<GUEST>", "target, guest1, guest2, ...")
    .argument("[COMMAND...]", "what to run; after -- when it has options")
    .addOption(dir())
    .action(
      exitWith(io, async (guest: string, command: string[], options: { dir: string }) =>
        (await import("../vlab.ts")).shellInto({ ...options, guest, command }, io),
      ),
    );
  vlab
    .command("down")
    .description("Ends the guests and removes their networks and disks, also after `up` was killed.")
    .addOption(dir())
    .action(exitWith(io, async (options: { dir: string }) => (await import("../vlab.ts")).downVlab(options, io)));
}
