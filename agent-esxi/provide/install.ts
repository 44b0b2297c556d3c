/** Maintenance mode, bundles and a new start of the host. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Esxi } from "../esxi.ts";
import { onlyFields } from "../read/answer.ts";
import { readAnswer } from "../read/formats.ts";
import { readVibs } from "./drivers.ts";
import { openFacts } from "./facts.ts";
import type { ConfirmVibs, InstallBundle } from "./op.ts";
import { refuseRunningVms } from "./vms.ts";

/** The host moves no virtual machine of ours, and ends none of others. */
export async function enterMaintenance(esxi: Esxi): Promise<void> {
  await refuseRunningVms(await openFacts(esxi));
  await esxi.run(["esxcli", "system", "maintenanceMode", "set", "-e", "true"], { deadlineMs: MAINTENANCE_MS });
}

const MAINTENANCE_MS = 600_000;
const COPY_MS = 600_000;
const INSTALL_MS = 900_000;
/** Nobody else can read or change it there. */
const FILE_MODE = 0o600;

/** `bundles`: the folder of the agent that has the file. */
export async function installBundle(op: InstallBundle, esxi: Esxi, bundles: string): Promise<void> {
  const { bundle, sha256, vibs } = op;
  const file = join(bundles, bundle);
  const own = await sha256Of(file);
  if (own !== sha256) throw wrongSum(bundle, "here", own, esxi.name);
  const there = `/tmp/salvo-${sha256.slice(0, 16)}-${bundle}`;
  try {
    using until = deadline(COPY_MS, `the copy of ${bundle} to ${esxi.name}`);
    await esxi.ssh.copy(file, there, { mode: FILE_MODE, signal: until });
    const { stdout: sum } = await esxi.run(["sha256sum", there]);
    if (!sum.startsWith(`${sha256} `)) throw wrongSum(bundle, "on the host", sum.trim(), esxi.name);
    const { stdout } = await esxi.run(installArgs(op, there), { deadlineMs: INSTALL_MS });
    // Versions of ESXi order these lines otherwise. A bundle that was there already is skipped.
    onlyFields(readAnswer(stdout, "text")).flag("Reboot Required");
  } finally {
    await esxi.try(["rm", "-f", there]).catch(() => {}); // /tmp goes with the next start
  }
  const { running, next } = await readVibs(await openFacts(esxi));
  const missing = vibs.filter((vib) => !running.has(vib) && !next.has(vib));
  if (missing.length > 0) throw notListed(missing, esxi.name);
}

/** The host refuses what its acceptance level does not allow: nothing is forced. */
export function installArgs({ bundle }: Pick<InstallBundle, "bundle">, path: string): string[] {
  return ["esxcli", "software", "vib", "install", bundle.endsWith(".vib") ? "-v" : "-d", path];
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  } catch (error) {
    if (toSalvoError(error).kind !== "not-found") throw error;
    throw new SalvoError("not-found", "the agent has no such bundle", { file, remedy: "Put the file there" });
  }
  return hash.digest("hex");
}

function wrongSum(bundle: string, where: string, sum: string, host: string): SalvoError {
  return new SalvoError("corrupt", `${bundle} is another file ${where}: its SHA-256 is ${sum}`, {
    host,
    remedy: "Get the bundle anew, or correct sha256 in the desired state",
  });
}

function notListed(missing: readonly string[], host: string): SalvoError {
  return new SalvoError("program-failed", `the host took the command, and does not list ${missing.join(", ")}`, {
    host,
    remedy: "Look which VIBs the bundle has (esxcli software sources vib list -d), and name those",
  });
}

export async function confirmVibs({ vibs }: ConfirmVibs, esxi: Esxi): Promise<void> {
  const { running } = await readVibs(await openFacts(esxi));
  const missing = vibs.filter((vib) => !running.has(vib));
  if (missing.length > 0) throw notListed(missing, esxi.name);
}

/** A server tests its memory for some minutes before ESXi starts. */
const BOOT_MS = 1_800_000;
const ASK_EVERY_MS = 1000;

/** Starts the host anew, and waits until it answers. */
export async function reboot(esxi: Esxi): Promise<void> {
  const beganMs = performance.now();
  await unlessAway(() => esxi.run(["esxcli", "system", "shutdown", "reboot", "-r", "salvo: drivers"]));
  using until = deadline(BOOT_MS, `the new start of ${esxi.name}`);
  for (;;) {
    await sleep(ASK_EVERY_MS, { signal: until });
    const ran = await unlessAway(() => esxi.run(["esxcli", "system", "stats", "uptime", "get"]));
    // The host has been up for a shorter time than since the command: in microseconds.
    if (ran && ran.stdout.trim() !== "" && Number(ran.stdout) / 1000 < performance.now() - beganMs) break;
  }
  esxi.forget();
}

/** Undefined while the host is away. */
async function unlessAway<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (["unavailable", "timeout"].includes(toSalvoError(error).kind)) return undefined;
    throw error;
  }
}
