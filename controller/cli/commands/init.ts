import { type Command, Option } from "commander";
import type { InitCommand } from "../init.ts";
import type { Io } from "../io.ts";
import { exitWith } from "./options.ts";

export function declareInit(program: Command, io: Io): void {
  program
    .command("init")
    .description("Makes a lab's folder: lab.yaml, its certificate authority, and the controller's certificate.")
    .argument("<DIR>", "the lab's folder; made if it is missing")
    .addOption(new Option("--name <NAME>", "the lab's name; without it, the folder's name"))
    .addOption(new Option("--host <HOST>", "where agents reach this host").default("127.0.0.1"))
    .action(
      exitWith(io, async (folder: string, options: Omit<InitCommand, "folder">) =>
        (await import("../init.ts")).initLab({ ...options, folder }, io),
      ),
    );
}
