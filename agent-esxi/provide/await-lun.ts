import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Esxi } from "../esxi.ts";
import { type Facts, openFacts } from "./facts.ts";
import { readSessions } from "./logins.ts";
import { readDevices, readPaths } from "./luns.ts";
import type { AwaitLun, ConfirmDevice } from "./op.ts";

/** A LUN comes with the rescan, or some seconds after it. */
const WITHIN_MS = 60_000;
const EVERY_MS = 1000;

/**
 * Waits for all its paths, and refuses whatever is not what the target made. A host with a session learns of a LUN that the target
 * made later only by a rescan.
 */
export async function awaitLun({ target, number, device, sizeBytes, paths }: AwaitLun, esxi: Esxi): Promise<void> {
  using until = deadline(WITHIN_MS, `the arrival of LUN ${number} of ${target}`);
  for (let looks = 1; ; looks++) {
    const facts = await openFacts(esxi);
    const there = (await readPaths(facts)).filter((path) => path.target === target && path.number === number);
    const other = there.find((path) => path.device !== device);
    if (other)
      throw new SalvoError("refused", `LUN ${number} of ${target} is ${other.device}, and ${device} was expected`, {
        host: esxi.name,
        remedy: "It is not what the target made: look at what the target exports",
      });
    if (there.filter(({ state }) => state === "active").length === paths) {
      const known = (await readDevices(facts)).get(device);
      if (sizeBytes === 0n || known?.sizeBytes === sizeBytes) return;
      throw new SalvoError("refused", `${device} has ${known?.sizeBytes ?? "no"} B, and ${sizeBytes} B were expected`, {
        host: esxi.name,
        remedy: "It is not what the target made: look at what the target exports",
      });
    }
    if (looks === 1) await rescan(target, facts, esxi);
    await sleep(EVERY_MS, { signal: until });
  }
}

async function rescan(target: string, facts: Facts, esxi: Esxi): Promise<void> {
  const sessions = (await readSessions(facts)).filter((each) => each.target === target);
  for (const adapter of new Set(sessions.map((each) => each.adapter)))
    await esxi.run(["esxcli", "storage", "core", "adapter", "rescan", "--adapter", adapter]);
}

/** What the host then shows of the device. */
export async function confirmDevice({ device, setting, value }: ConfirmDevice, esxi: Esxi): Promise<void> {
  const known = (await readDevices(await openFacts(esxi))).get(device);
  const now = known?.[setting] ?? "";
  if (now === value) return;
  throw new SalvoError(
    "program-failed",
    `the host took the command, and shows ${device} with ${setting} ${now || "unset"} instead of ${value}`,
    { host: esxi.name, remedy: "The driver may offer less: look at Device Max Queue Depth, or leave the setting out" },
  );
}
