/** Composition only: what an agent does is in shared/agent, what is Linux about it is beside this file. */
import { auditCommand } from "@salvo/shared/agent/audit/command.ts";
import { agentProgram, runProgram } from "@salvo/shared/agent/program.ts";
import { loadAgentConfig } from "@salvo/shared/config/files.ts";
import { listDevices } from "./device-list.ts";
import { claimDevice, type Consent, type DevicesDeps, releaseDevice } from "./devices.ts";
import { printOut } from "@salvo/shared/process/print.ts";
import manifest from "./package.json" with { type: "json" };
import { labToClaimFor } from "./joined-lab.ts";
import { linuxPlatform } from "./platform.ts";
import { askOnTerminal } from "./terminal.ts";

const program = agentProgram({
  name: "salvo-agent-guest",
  description: "Runs fio on this host, exports its volumes, or attaches it to targets, when the lab's controller asks.",
  version: manifest.version,
  platform: linuxPlatform,
});

// --config is the program's own option: commander finds it after these words as well.
const devices = program.command("devices").description("Raw disks of this host: what they are, and who claimed them.");
devices
  .command("list")
  .description("every disk, what is on it, and whether runs may write to it")
  .action(async () => listDevices(await devicesDeps()));
devices
  .command("claim")
  .description("write Salvo's label to a blank disk of the agent's file, so that runs may overwrite the rest")
  .argument("<NAME>", "the device's name in the agent's file")
  .option("--lab <NAME>", "the lab whose runs may write to it (default: the lab that this host has joined)")
  .option("--yes", "do not ask; needs --serial")
  .option("--serial <NUMBER>", "the serial number of the disk that is meant (its WWN, if it has none)")
  .action(async (name: string, { lab: given, ...consent }: Consent & { lab?: string }) => {
    const deps = await devicesDeps();
    const lab = await labToClaimFor(given, deps.config.identityDir);
    await auditCommand(deps.config.dataDir, "devices claim", { device: name, lab }, async () =>
      claimDevice(name, lab, consent, deps),
    );
  });
devices
  .command("release")
  .description("take the label away that this agent wrote")
  .argument("<NAME>", "the device's name in the agent's file")
  .option("--yes", "do not ask; needs --serial")
  .option("--serial <NUMBER>", "the serial number of the disk that is meant (its WWN, if it has none)")
  .action(async (name: string, consent: Consent) => {
    const deps = await devicesDeps();
    await auditCommand(deps.config.dataDir, "devices release", { device: name }, async () =>
      releaseDevice(name, consent, deps),
    );
  });

async function devicesDeps(): Promise<DevicesDeps> {
  const { config: file } = program.opts<{ config?: string }>();
  if (file === undefined) return program.error("error: required option '--config <FILE>' not specified");
  const { disks } = linuxPlatform();
  return {
    config: await loadAgentConfig(file),
    disks,
    print: (text) => void printOut(text),
    ask: askOnTerminal,
  };
}

await runProgram(program);
