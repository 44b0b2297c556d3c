import { type Command, Option } from "commander";
import type { NatsConfigCommand } from "../nats-config.ts";
import type { Io } from "../io.ts";
import { exitWith, labOption } from "./options.ts";

export function declareNats(program: Command, io: Io): void {
  program
    .command("nats")
    .description("A nats-server, or a cluster, that the controller does not start itself.")
    .command("config")
    .description("Writes a folder for each server: configuration, certificates, users. Type it again after any change.")
    .addOption(labOption())
    .addOption(
      new Option("--host <NAME...>", "where each server is reached, with its port if not 4222").makeOptionMandatory(),
    )
    .addOption(new Option("--out <DIR>", "where the folders go").default("nats-config"))
    .addOption(
      new Option("--place <DIR>", "where a server finds its folder on its own host; {server} is its name").default(
        "/etc/salvo/nats",
      ),
    )
    .action(
      exitWith(io, async (options: NatsConfigCommand) =>
        (await import("../nats-config.ts")).writeNatsConfig(options, io),
      ),
    );
}
