import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { operator } from "@salvo/shared/audit/operator.ts";
import { initLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { isName } from "@salvo/shared/identity/name.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { openLabAudit } from "./audit-log.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";

export interface InitCommand {
  readonly folder: string;
  readonly name?: string;
  readonly host: string;
}

export async function initLab({ folder: given, name: named, host }: InitCommand, io: Io): Promise<number> {
  const folder = resolve(given);
  const name = named ?? basename(folder).toLowerCase();
  if (!isName(name))
    throw new SalvoError("invalid-input", `${name} cannot be the name of a lab`, {
      remedy: "Give one with --name: lower-case letters, digits and hyphens",
    });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lab.yaml");
  const audit = await openLabAudit(file);
  const deed = { who: operator(), what: "init", details: { lab: name } };
  const { pin } = await audit.around(deed, () => initLabFolder(folder, name, Date.now()), {
    answer: (made) => ({ pin: made.pin }),
  });
  if (!existsSync(file)) await writeFile(file, skeleton(name, host, file), { mode: 0o600 });
  io.stdout.write(`${file}\n`);
  io.stderr.write(
    `lab ${name}: its certificate authority has the pin ${pin}\n` +
      `Its agent guest1 is an example: write your own agents into ${file}. Whoever can read ${join(folder, "ca")} controls all of them: keep that folder private.\n`,
  );
  return EXIT.ok.code;
}

function skeleton(name: string, host: string, file: string): string {
  return `# The lab ${name}. Beside this file are its certificate authority and the controller's key.
name: ${name}

# Where agents reach this host: its name or address. With 127.0.0.1 they can only be on this host itself.
host: ${JSON.stringify(host)}

# Replace all from here on by your agents. For hosts that you reach by ssh, this prints the lines:
#   salvo lab import HOST HOST
# To put agents on these hosts: salvo deploy --lab ${file}
# By hand, an agent joins with a token: salvo token create --lab ${file} --agent guest1
agents:
  - id: guest1
    address: 127.0.0.1:7400
    roles: [workload]
`;
}
