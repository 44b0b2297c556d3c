import { type Command, Option } from "commander";
import type { AgentsCommand } from "../agents.ts";
import type { Io } from "../io.ts";
import { exitWith, jsonOption, labOption } from "./options.ts";

export function declareAgents(program: Command, io: Io): void {
  const agents = program
    .command("agents")
    .description("Shows every agent of a lab: its state, host, fio and devices.")
    .addOption(labOption())
    .addOption(
      new Option(
        "--release <RUN>",
        "instead: every agent deletes its records of this run; nobody can collect them afterwards",
      ),
    )
    .addOption(jsonOption("one JSON object per agent on stdout"))
    .action(exitWith(io, async (options: AgentsCommand) => (await import("../agents.ts")).listAgents(options, io)));

  agents
    .command("revoke")
    .description("Ends an agent's part in the lab for ever: the controller asks it nothing, and NATS refuses it.")
    .argument("<ID>", "the agent; --lab names its lab")
    .action(
      exitWith(io, async (agent: string, _none: object, command: Command) => {
        // The option is the command's above.
        const { lab }: AgentsCommand = command.optsWithGlobals();
        return (await import("../revoke.ts")).revokeAgent({ agent, lab }, io);
      }),
    );
}
