import type { Command } from "commander";
import type { Io } from "../io.ts";
import { exitWith, labOption } from "./options.ts";

export function declareController(program: Command, io: Io): void {
  program
    .command("controller")
    .description("The controller's own certificate.")
    .command("renew")
    .description("Gives the controller a new certificate and tells every agent, which then refuses the old one.")
    .addOption(labOption())
    .action(
      exitWith(io, async (options: { lab: string }) =>
        (await import("../renew-controller.ts")).renewController(options, io),
      ),
    );
}
