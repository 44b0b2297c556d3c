import { type Command, Option } from "commander";
import type { TokenCommand } from "../token.ts";
import type { Io } from "../io.ts";
import { exitWith, labOption } from "./options.ts";

export function declareToken(program: Command, io: Io): void {
  program
    .command("token")
    .description("One-time tokens that let hosts join a lab.")
    .command("create")
    .description("Prints a token for one agent. It works once, within 15 minutes.")
    .addOption(labOption())
    .addOption(new Option("--agent <ID>", "the id of the agent that will join with it").makeOptionMandatory())
    .addOption(new Option("--role <ROLE...>", "what the agent may be asked to do").default(["workload"]))
    .action(exitWith(io, async (options: TokenCommand) => (await import("../token.ts")).printToken(options, io)));
}
