/** Sets the NUMA node of StarWind's targets in StarWind.cfg, with StarWind's service stopped, and back where it fails. */
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { PowerShell } from "../powershell/bridge.ts";
import { targetsNode, withTargetsNode } from "./config-node.ts";

const SERVICE = "StarWindService";
const STOP_SECONDS = 60;

export interface ConfigFile {
  read(): Promise<Buffer>;
  /** In place: the file keeps its access list. */
  overwrite(bytes: Buffer): Promise<void>;
  /** Beside the file, under a name that says what is in it. Gives its path. */
  backUp(bytes: Buffer): Promise<string>;
}

export function configFile(path: string): ConfigFile {
  return {
    read: () => readFile(path),
    overwrite: (bytes) => writeFile(path, bytes, { flush: true }),
    async backUp(bytes) {
      const backup = `${path}.salvo-${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
      await writeFile(backup, bytes, { flush: true });
      return backup;
    },
  };
}

export interface NodeChange {
  /** False: the file said so already, and the service was left alone. */
  readonly changed: boolean;
  /** Of the file as it was. */
  readonly backup?: string;
}

/**
 * Throws `refused` or `corrupt` when the file is one that Salvo does not edit; nothing was touched then. Throws `program-failed` when
 * the service does not stop or start, or the node is not there afterwards: the file is as it was then, or the message says that it
 * is not, and where the backup is.
 */
export async function setTargetsNode(node: number, file: ConfigFile, powerShell: PowerShell): Promise<NodeChange> {
  const before = await file.read();
  if (withTargetsNode(before, node).equals(before)) return { changed: false };
  const { status } = await powerShell.call("service-state", { Name: SERVICE });
  const wasRunning = status === "Running";
  const service = serviceSetter(powerShell);
  if (wasRunning) await service.stop();

  // StarWind may write its file when it stops: what counts is what the file says now.
  const original = await file.read();
  const backup = await file.backUp(original);
  try {
    await file.overwrite(withTargetsNode(original, node));
    await service.start();
    const found = targetsNode(await file.read());
    if (found !== String(node))
      throw new SalvoError("program-failed", `StarWind.cfg says node ${found ?? "nothing"} after StarWind has started`);
    if (!wasRunning) await service.stop();
    return { changed: true, backup };
  } catch (error) {
    throw await restored(error, { file, original, backup, service, wasRunning });
  }
}

interface Changed {
  readonly file: ConfigFile;
  readonly original: Buffer;
  readonly backup: string;
  readonly service: ReturnType<typeof serviceSetter>;
  readonly wasRunning: boolean;
}

/** The error to throw, when all has been put back, or what could not be. */
async function restored(error: unknown, changed: Changed): Promise<SalvoError> {
  const { file, original, backup, service, wasRunning } = changed;
  const { message } = toSalvoError(error);
  try {
    await service.stop();
    await file.overwrite(original);
    if (wasRunning) await service.start();
    return new SalvoError("program-failed", `${message}; StarWind.cfg is as it was`, { cause: error });
  } catch (second) {
    const also = toSalvoError(second).message;
    return new SalvoError("program-failed", `${message}; and StarWind.cfg could not be put back: ${also}`, {
      cause: error,
      remedy: `Stop ${SERVICE}, copy ${backup} over StarWind.cfg, and start ${SERVICE}`,
    });
  }
}

function serviceSetter(powerShell: PowerShell) {
  const set = async (wanted: "Running" | "Stopped") => {
    const { status } = await powerShell.call("service-set", {
      Name: SERVICE,
      Status: wanted,
      TimeoutSeconds: STOP_SECONDS,
    });
    if (status !== wanted) throw new SalvoError("program-failed", `${SERVICE} is ${String(status)} and not ${wanted}`);
  };
  return { start: () => set("Running"), stop: () => set("Stopped") };
}
