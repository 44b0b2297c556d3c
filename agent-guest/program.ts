/** Composition only: what an agent does is in shared/agent, what is Linux about it is beside this file. */
import { Role } from "@salvo/proto/lab_pb.ts";
import { openIdentity } from "@salvo/shared/agent/identity.ts";
import { serveAgent } from "@salvo/shared/agent/serve.ts";
import { loadAgentConfig } from "@salvo/shared/config/files.ts";
import { EXIT, failureOf } from "@salvo/shared/kernel/exit.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { Command, CommanderError } from "commander";
import { listDevices } from "./device-list.ts";
import { claimDevice, type Consent, type DevicesDeps, releaseDevice } from "./devices.ts";
import { joinLab, type JoinCommand } from "./join.ts";
import manifest from "./package.json" with { type: "json" };
import { linuxPlatform } from "./platform.ts";
import { askOnTerminal } from "./terminal.ts";

const program = new Command("salvo-agent-guest")
  .description("Runs fio on this host when the controller of its lab asks for it.")
  .version(manifest.version)
  .exitOverride()
  .option("--config <FILE>", "the agent's own file: its id, where it listens, and the devices it may write to")
  .option("--listen <ADDRESS>", "listen here instead of where the file says; port 0 takes a free one")
  .action(async ({ config: file, listen }: { config?: string; listen?: string }, command: Command) => {
    if (file === undefined) return command.error("error: required option '--config <FILE>' not specified");
    const config = await loadAgentConfig(file, { listen });
    const log = createLogger({ name: `agent ${config.id}`, level: process.env["SALVO_LOG"] ?? "info" });
    const agent = await serveAgent({
      config,
      platform: linuxPlatform(),
      roles: [Role.WORKLOAD],
      version: manifest.version,
      log,
      identity: await openIdentity(config.identityDir, config.id, Date.now()),
    });
    // For whoever started it with port 0, and for people.
    process.stdout.write(`${JSON.stringify({ agent: config.id, address: agent.address })}\n`);

    let stopping = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(EXIT.interrupted.code);
        stopping = true;
        agent[Symbol.asyncDispose]().then(
          () => process.exit(0),
          (error: unknown) => fail(error),
        );
      });
    }
  });

// --config is the program's own option: commander finds it after these words as well.
const devices = program.command("devices").description("Raw disks of this host: what they are, whose they are.");
devices
  .command("list")
  .description("every disk, what is on it, and whether runs may write to it")
  .action(async () => listDevices(await devicesDeps()));
devices
  .command("claim")
  .description("write Salvo's label to a blank disk of the agent's file, so that runs may overwrite the rest")
  .argument("<NAME>", "the device's name in the agent's file")
  .requiredOption("--lab <NAME>", "the lab whose runs may write to it")
  .option("--yes", "do not ask; needs --serial")
  .option("--serial <NUMBER>", "the serial number of the disk that is meant (its WWN, if it has none)")
  .action(async (name: string, { lab, ...consent }: Consent & { lab: string }) =>
    claimDevice(name, lab, consent, await devicesDeps()),
  );
devices
  .command("release")
  .description("take the label away that this agent wrote")
  .argument("<NAME>", "the device's name in the agent's file")
  .option("--yes", "do not ask; needs --serial")
  .option("--serial <NUMBER>", "the serial number of the disk that is meant (its WWN, if it has none)")
  .action(async (name: string, consent: Consent) => releaseDevice(name, consent, await devicesDeps()));

async function devicesDeps(): Promise<DevicesDeps> {
  const { config: file } = program.opts<{ config: string }>();
  const { disks } = linuxPlatform();
  return {
    config: await loadAgentConfig(file),
    disks,
    print: (text) => void process.stdout.write(text),
    ask: askOnTerminal,
  };
}

program
  .command("join")
  .description("Joins a lab with a token that was made for this agent, while `salvo enrol` runs there.")
  .requiredOption("--controller <ADDRESS>", "host:port of `salvo enrol`")
  .option("--token <TOKEN>", "what `salvo token create` has printed; others on this host can see it here")
  .option("--token-file <FILE>", "a file with the token, which is removed when it was used")
  .option("--dir <DIR>", "where key and certificate go: identityDir of the agent's file", "identity")
  .action(async (options: JoinCommand) => {
    const { agent, lab } = await joinLab(options);
    process.stdout.write(`${JSON.stringify({ agent, lab, dir: options.dir })}\n`);
  });

function fail(error: unknown): never {
  // Commander has said what was wrong.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok.code : EXIT.input.code);
  const { text, code } = failureOf("salvo-agent-guest", error);
  process.stderr.write(text);
  process.exit(code);
}

await program.parseAsync().catch(fail);
