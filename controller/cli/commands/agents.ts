import { type Command, Option } from "commander";
import type { AgentsCommand } from "../agents.ts";
import type { Io } from "../io.ts";
import { exitWith, jsonOption, labOption } from "./options.ts";

export function declareAgents(program: Command, io: Io): void {
  const agents = program
    .command("agents")
    .description("Asks every agent of a lab who and how it is.")
    .addOption(labOption())
    .addOption(
      new Option(
        "--release <RUN>",
        "instead: let every agent delete its records of this run, which then nobody can collect",
      ),
    )
    .addOption(jsonOption("one JSON object per agent on stdout"))
    .action(exitWith(io, async (options: AgentsCommand) => (await import("../agents.ts")).listAgents(options, io)));

  agents
    .command("revoke")
    .description("Ends an agent's part in the lab for ever: it is asked nothing, may say nothing, and is not renewed.")
    .argument("<ID>", "the agent; --lab names its lab")
    .action(
      exitWith(io, async (agent: string, _none: object, command: Command) => {
        // The option is the command's above.
        const { lab }: AgentsCommand = command.optsWithGlobals();
        return (await import("../revoke.ts")).revokeAgent({ agent, lab }, io);
      }),
    );
}
