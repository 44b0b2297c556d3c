/** Manifests of sealed runs, read one after another: a question about thousands of runs holds one at a time. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { type SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { MANIFEST, runsFolder } from "./layout.ts";
import { loadManifest } from "./manifest.ts";
import { newestFolders } from "./runs.ts";

export type ReadManifest =
  | { readonly type: "manifest"; readonly manifest: Manifest }
  | { readonly type: "unreadable"; readonly run: string; readonly problem: SalvoError };

/** Of all sealed runs of a data folder, by id. Only manifests are read and checked, not the measurements beside them. */
export async function* eachManifest(dataDir: string): AsyncGenerator<ReadManifest> {
  const folders = [...(await newestFolders(dataDir))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [run, folder] of folders) yield await readOne(run, folder);
}

async function readOne(run: string, folder: string): Promise<ReadManifest> {
  try {
    return { type: "manifest", manifest: await loadManifest(folder) };
  } catch (error) {
    return { type: "unreadable", run, problem: toSalvoError(error) };
  }
}

/** What a path is: a data folder, the folder of one run, or neither. */
export async function folderKind(path: string): Promise<"data" | "run" | undefined> {
  const isFolder = async (name: string) => (await stat(name).catch(() => undefined))?.isDirectory() === true;
  if (!(await isFolder(path))) return undefined;
  if ((await stat(join(path, MANIFEST)).catch(() => undefined)) !== undefined) return "run";
  return (await isFolder(runsFolder(path))) ? "data" : undefined;
}

/** Of the folder of one run. */
export async function* manifestIn(folder: string): AsyncGenerator<ReadManifest> {
  yield await readOne(resolve(folder), folder);
}
