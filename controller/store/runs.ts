/** The runs in a data folder. Reading needs no lock: a sealed run never changes. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { RunSummarySchema, type Manifest, type RunSpec, type RunSummary } from "@salvo/proto/run_pb.ts";
import { type ErrorKind, SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { checkSums } from "./checksums.ts";
import { incompleteRunsFolder, openRunFolder, openRunsFolder, readRunFolder, runFolder, runsFolder } from "./layout.ts";
import { loadManifest, summaryOf } from "./manifest.ts";
import { readOpenRun } from "./openrun.ts";

/** The verdict of a run that is not sealed: under way, or left by a controller that died. */
export const OPEN = "open";

/** The verdict of a run that is sealed and is not what was sealed; its reason says why. */
export const DAMAGED = "damaged";

/** The verdict of a sealed run that this user, or this moment, does not let be read; its reason says why. It may be whole. */
export const UNREADABLE = "unreadable";

/** All runs, the newest last: damaged ones, then in the order they were made in, then open ones. */
export async function listRuns(dataDir: string): Promise<RunSummary[]> {
  const sealed: Manifest[] = [];
  const damaged: RunSummary[] = [];
  const closed = await newestFolders(dataDir);
  for (const [run, folder] of [...closed].sort(([one], [other]) => compare(one, other))) {
    try {
      sealed.push(await loadManifest(folder));
    } catch (error) {
      damaged.push(damagedSummary(folder, run, toSalvoError(error)));
    }
  }
  sealed.sort(
    (a, b) => compare(minuteOf(a), minuteOf(b)) || compare(a.t0WallNs, b.t0WallNs) || compare(idOf(a), idOf(b)),
  );
  const open: RunSummary[] = [];
  for (const run of await openRuns(dataDir)) {
    if (closed.has(run)) continue; // Sealed, and its controller died before it could tidy up.
    const spec = await readOpenRun(dataDir, run);
    if (spec) open.push(openSummary(dataDir, spec));
  }
  return [...damaged, ...sealed.map(summaryOf), ...open];
}

/**
 * The manifest of the one sealed run whose id begins so, all of its files checked. Throws `invalid-input` with
 * the runs it may be or with the newest, `wrong-state` when it is not sealed yet, and `corrupt` when a file is not what was sealed.
 */
export async function readManifest(dataDir: string, prefix: string): Promise<Manifest> {
  return readOne(await newestFolders(dataDir), dataDir, prefix);
}

/** As readManifest, of several: by folder, each once, in their order. */
export async function readManifests(dataDir: string, prefixes: readonly string[]): Promise<Map<string, Manifest>> {
  const folders = await newestFolders(dataDir);
  const found = new Map<string, Manifest>();
  for (const prefix of prefixes) {
    const manifest = await readOne(folders, dataDir, prefix);
    found.set(folders.get(manifest.spec?.run ?? prefix) ?? runFolder(dataDir, prefix), manifest);
  }
  return found;
}

async function readOne(folders: ReadonlyMap<string, string>, dataDir: string, prefix: string): Promise<Manifest> {
  const runs = [...folders.keys()];
  const found = runs.includes(prefix) ? [prefix] : runs.filter((run) => run.startsWith(prefix));
  const [run] = found;
  if (found.length > 1)
    throw new SalvoError("invalid-input", `${prefix} may be ${found.toSorted().join(", ")}`, {
      remedy: "Write more of the id",
    });
  if (run === undefined) throw await noSuchRun(dataDir, prefix);
  const folder = folders.get(run) ?? runFolder(dataDir, run);
  await checkSums(folder);
  return loadManifest(folder);
}

/** Ids of all sealed runs, in no order. */
export async function sealedRuns(dataDir: string): Promise<string[]> {
  return [...(await newestFolders(dataDir)).keys()];
}

/** Of each sealed run the folder that counts: a run that was collected from later is sealed more than once. */
export async function newestFolders(dataDir: string): Promise<Map<string, string>> {
  const newest = new Map<string, { readonly name: string; readonly time: number }>();
  for (const name of await foldersIn(runsFolder(dataDir))) {
    const { run, time } = readRunFolder(name);
    if (time >= (newest.get(run)?.time ?? 0)) newest.set(run, { name, time });
  }
  return new Map([...newest].map(([run, { name }]) => [run, join(runsFolder(dataDir), name)]));
}

/** As newestFolders, of one run that is sealed. */
export async function newestFolder(dataDir: string, run: string): Promise<string> {
  return (await newestFolders(dataDir)).get(run) ?? runFolder(dataDir, run);
}

/** Ids of sealed runs of which agents hold more. */
export function incompleteRuns(dataDir: string): Promise<string[]> {
  return foldersIn(incompleteRunsFolder(dataDir));
}

/** Ids of all runs with a folder of their own that are not sealed, or not tidied up after. */
export function openRuns(dataDir: string): Promise<string[]> {
  return foldersIn(openRunsFolder(dataDir));
}

async function noSuchRun(dataDir: string, prefix: string): Promise<SalvoError> {
  const open = (await openRuns(dataDir)).find((run) => run.startsWith(prefix));
  if (open === undefined) return unknownRun(prefix, (await sealedRuns(dataDir)).toSorted(), runsFolder(dataDir));
  return new SalvoError("wrong-state", `run ${open} is not sealed yet`, {
    file: openRunFolder(dataDir, open),
    remedy: "Wait until it has ended; a controller that is started on this data folder seals what was left open",
  });
}

/** `runs`: what there is, the newest last. */
export function unknownRun(
  run: string,
  runs: readonly string[],
  file?: string,
  none = "There are no runs at all",
): SalvoError {
  const newest = runs.slice(-3).toReversed().join(", ");
  return new SalvoError("invalid-input", `there is no run ${run}`, {
    ...(file !== undefined && { file }),
    remedy: newest === "" ? none : `The newest are ${newest}; salvo runs lists all`,
  });
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    const found = toSalvoError(error, { file: folder });
    if (found.kind === "not-found") return [];
    throw found;
  }
}

function openSummary(dataDir: string, spec: RunSpec): RunSummary {
  return create(RunSummarySchema, {
    run: spec.run,
    study: spec.study,
    scenario: spec.scenario,
    workload: spec.workload?.name ?? "",
    repeat: spec.repeat,
    tags: spec.tags,
    verdict: OPEN,
    reason: "not sealed yet",
    participants: spec.participants.length,
    archive: openRunFolder(dataDir, spec.run),
  });
}

/** Of a newer Salvo it is invalid-input. */
const DAMAGES: ReadonlySet<ErrorKind> = new Set(["corrupt", "not-found", "invalid-input"]);

function damagedSummary(archive: string, run: string, problem: SalvoError): RunSummary {
  return create(RunSummarySchema, {
    run,
    verdict: DAMAGES.has(problem.kind) ? DAMAGED : UNREADABLE,
    reason: problem.describe(),
    archive,
  });
}

/** When its command began, as ids say it: a run that never fired has no T0. */
function minuteOf(manifest: Manifest): string {
  return /^\d{8}-\d{4}/.exec(idOf(manifest))?.[0] ?? "";
}

function idOf({ spec }: Manifest): string {
  return spec?.run ?? "";
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
