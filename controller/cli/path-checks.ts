import { toJson } from "@bufbuild/protobuf";
import { Role } from "@salvo/proto/lab_pb.ts";
import { CheckOutcome, type PathCheck, PathCheckSchema } from "@salvo/proto/path_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { openChannels } from "../service/channels.ts";
import { CHECK_WORDS, describeCheck, OUTCOME_WORDS } from "../domain/path-checks.ts";
import { checkPaths } from "../service/path-checks.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import type { StorageCommand } from "./storage.ts";
import { textTable } from "./table.ts";

/** The way from every initiator of the lab to every address of its targets, tried out. Ctrl-C leaves nothing behind. */
export async function checkLab({ lab: file, json = false }: StorageCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const targets = message.agents.filter((agent) => agent.roles.includes(Role.TARGET));
  const initiators = message.agents.filter((agent) => agent.roles.includes(Role.INITIATOR));
  const ways = targets
    .filter(({ storageAddresses }) => storageAddresses.length > 0)
    .map((target) => ({ target, guests: initiators.filter(({ id }) => id !== target.id) }));
  if (ways.every(({ guests }) => guests.length === 0))
    throw new SalvoError(
      "invalid-input",
      "there is no path to check: the lab has no target with storageAddresses, or no initiator",
      {
        file,
        remedy: "Write storageAddresses: [ADDRESS] to the agents with the roles target and initiator",
      },
    );
  using channels = openChannels(await openLabOf(file, message));
  const signal = new AbortController().signal; // a process that ends takes its calls with it
  const onCheck = (check: PathCheck) => void io.stderr.write(`${describeCheck(check)}\n`);
  const checks: PathCheck[] = [];
  for (const way of ways) checks.push(...(await checkPaths(way, { channels, signal, onCheck })));
  if (json) for (const check of checks) io.stdout.write(`${JSON.stringify(toJson(PathCheckSchema, check))}\n`);
  else io.stdout.write(checkTable(checks));
  return checks.some(({ outcome }) => outcome === CheckOutcome.FAILED) ? EXIT.environment.code : EXIT.ok.code;
}

function checkTable(checks: readonly PathCheck[]): string {
  return textTable(
    ["from", "to", "address", "check", "outcome", "found"],
    checks.map(({ from, to, address, kind, outcome, text }) => [
      from,
      to,
      address,
      `${CHECK_WORDS[kind]}`,
      `${OUTCOME_WORDS[outcome]}`,
      text,
    ]),
  );
}
