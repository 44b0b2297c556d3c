import { type Command, Option } from "commander";
import type { ReaderCommand } from "../reader.ts";
import type { Io } from "../io.ts";
import { dataOption, exitWith, labOption } from "./options.ts";

export function declareReader(program: Command, io: Io): void {
  const readers = program
    .command("reader")
    .description("Programs of your own that read a lab's telemetry from NATS: docs/subjects.md.");
  readers
    .command("create")
    .description("Makes a key and a certificate that may read all telemetry of the lab, and do nothing else.")
    .argument("<NAME>", "the reader's name: lower-case letters, digits and hyphens")
    .addOption(labOption())
    .addOption(dataOption())
    .addOption(
      new Option(
        "--out <DIR>",
        "the folder for ca.pem, cert.pem and key.pem; without it, a folder with the reader's name",
      ),
    )
    .action(
      exitWith(io, async (name: string, options: Omit<ReaderCommand, "name">) =>
        (await import("../reader.ts")).createReader({ ...options, name }, io),
      ),
    );
  readers
    .command("revoke")
    .description("Shuts a reader out for ever, at once.")
    .argument("<NAME>", "the reader")
    .addOption(labOption())
    .action(
      exitWith(io, async (name: string, options: Pick<ReaderCommand, "lab">) =>
        (await import("../reader.ts")).revokeReader({ ...options, name }, io),
      ),
    );
}
