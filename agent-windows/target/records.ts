/** Which devices of StarWind this agent has made, as StarWind names devices itself. Written before there is anything of one. */
import { replaceFile } from "@salvo/shared/files/durable.ts";
import type { PortalPlace } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { readFile } from "node:fs/promises";

/** What was asked for. */
export interface Recorded extends Readonly<Record<string, string>> {
  readonly kind: "ram" | "file";
  readonly bytes: string;
  readonly sector: string;
  /** Empty: wherever StarWind puts it. */
  readonly node: string;
}

export interface DeviceRecord {
  readonly facts: Recorded;
  /** What StarWind calls it. Not there: nobody knows whether it was made. */
  readonly device?: string;
  /** Devices that there were before it. */
  readonly before: readonly string[];
}

/** How a target is to be reached, which StarWind does not keep for each. */
export interface TargetRecord {
  readonly transport: "iscsi" | "iser";
  readonly portals: readonly PortalPlace[];
}

export interface Known {
  readonly volumes: Readonly<Record<string, DeviceRecord>>;
  readonly targets: Readonly<Record<string, TargetRecord>>;
}

export interface Records {
  read(): Promise<Known>;
  writeVolume(name: string, record: DeviceRecord | undefined): Promise<void>;
  writeTarget(name: string, record: TargetRecord | undefined): Promise<void>;
}

/** In a file of the agent's data folder. Throws `corrupt` when that was changed to something else. */
export function openRecords(file: string): Records {
  const read = async () => {
    try {
      return parse(await readFile(file, "utf8"), file);
    } catch (error) {
      if (toSalvoError(error).kind === "not-found") return { volumes: {}, targets: {} };
      throw error;
    }
  };
  const write = (known: Known) => replaceFile(file, JSON.stringify(known));
  return {
    read,
    async writeVolume(name, record) {
      const known = await read();
      await write({ ...known, volumes: changed(known.volumes, name, record) });
    },
    async writeTarget(name, record) {
      const known = await read();
      await write({ ...known, targets: changed(known.targets, name, record) });
    },
  };
}

function changed<T>(all: Readonly<Record<string, T>>, name: string, one: T | undefined): Readonly<Record<string, T>> {
  const { [name]: _, ...others } = all;
  return one === undefined ? others : { ...others, [name]: one };
}

function parse(text: string, file: string): Known {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && isObject(value["volumes"]) && isObject(value["targets"]))
      // Written by this agent alone, in a folder that nobody else may write to.
      return value as unknown as Known;
  } catch {
    // Said below.
  }
  throw new SalvoError("corrupt", "this is no list of what the agent has made of StarWind", {
    file,
    remedy: "Move it away; the devices are then nobody's, and must be removed in StarWind's console",
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
