/** A run from before it is armed until it is sealed: its folder, and what it is. */
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { RunSpecSchema, type RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { replaceFile, syncFolder } from "@salvo/shared/files/durable.ts";
import {
  archiveDraft,
  incompleteRunFolder,
  incompleteRunsFolder,
  openRunFolder,
  scratchFolder,
  specFile,
} from "./layout.ts";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

/** Makes the folder of a new run and returns its path. Throws `wrong-state` when there is one. */
export async function createOpenRun(dataDir: string, spec: RunSpec): Promise<string> {
  const folder = openRunFolder(dataDir, spec.run);
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(folder);
  } catch (error) {
    const exists = errnoOf(error) === "EEXIST";
    if (!exists) throw toSalvoError(error, { file: folder });
    throw new SalvoError("wrong-state", `run ${spec.run} exists already`, { file: folder, cause: error });
  }
  await replaceFile(specFile(folder), toJsonString(RunSpecSchema, spec, { prettySpaces: 2 }));
  await syncFolder(dirname(folder));
  return folder;
}

/** Undefined for a run that died before its spec was written: nothing of it ever started. Throws `corrupt`. */
export async function readOpenRun(dataDir: string, run: string): Promise<RunSpec | undefined> {
  return readRunSpec(openRunFolder(dataDir, run), run);
}

/** As readOpenRun, of a run that is kept in that folder. */
export async function readRunSpec(folder: string, run: string): Promise<RunSpec | undefined> {
  const file = specFile(folder);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const found = toSalvoError(error, { file });
    if (found.kind === "not-found") return undefined;
    throw found;
  }
  try {
    return fromJsonString(RunSpecSchema, text);
  } catch (error) {
    throw new SalvoError("corrupt", `the spec of run ${run} cannot be read: ${String(error)}`, { file, cause: error });
  }
}

/** Keeps what there is of a sealed run of which agents hold more: until it is had, or given up. Close the spool first. */
export async function keepIncomplete(dataDir: string, run: string): Promise<void> {
  const open = openRunFolder(dataDir, run);
  for (const draft of [archiveDraft(open), scratchFolder(open)]) await rm(draft, { recursive: true, force: true });
  await mkdir(incompleteRunsFolder(dataDir), { recursive: true });
  await moveRun(open, incompleteRunFolder(dataDir, run));
}

/** The run is open again. */
export async function reopenIncomplete(dataDir: string, run: string): Promise<void> {
  await moveRun(incompleteRunFolder(dataDir, run), openRunFolder(dataDir, run));
}

async function moveRun(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
  await syncFolder(dirname(from));
}

/** Forgets a run: sealed, its spool is of no use any more. Close the spool first. */
export async function discardOpenRun(dataDir: string, run: string): Promise<void> {
  await rm(openRunFolder(dataDir, run), { recursive: true, force: true });
}
