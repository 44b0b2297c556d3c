/** What a virtual lab is made of, in its folder, written down before it is made: whoever takes it down needs nothing else. */
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { ProcessIdentity } from "./processes.ts";
import type { Accelerator } from "./kernel.ts";
import type { LabPlan } from "./plan.ts";

export interface VlabState {
  readonly version: 1;
  readonly plan: LabPlan;
  readonly accelerator: Accelerator;
  readonly phase: "starting" | "ready";
  /** By the guest's id. A guest that is being started may run without being here; its namespace tells. */
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
}

const fileOf = (folder: string) => join(folder, "vlab.json");

export function hasState(folder: string): boolean {
  return existsSync(fileOf(folder));
}

/** On the disk when this returns. */
export async function writeState(folder: string, state: VlabState): Promise<void> {
  await replaceFile(fileOf(folder), `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Undefined where there is no virtual lab, or none any more. Throws `corrupt` when the file is not ours to understand. */
export async function readState(folder: string): Promise<VlabState | undefined> {
  const file = fileOf(folder);
  if (!existsSync(file)) return undefined;
  try {
    const state: VlabState = JSON.parse(await readFile(file, "utf8"));
    if (state.version === 1) return state;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw toSalvoError(error, { file });
  }
  throw new SalvoError("corrupt", "this is not what `salvo vlab up` writes", {
    file,
    remedy: "Remove it and type: salvo vlab down, which finds the rest by the folder's name",
  });
}

export async function removeState(folder: string): Promise<void> {
  await rm(fileOf(folder), { force: true });
}
