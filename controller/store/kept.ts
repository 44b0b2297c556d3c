/** What is kept of runs that are not done with: open ones, and sealed ones of which agents hold more. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { FILES_AT_ONCE, mapAtOnce } from "@salvo/shared/kernel/at-once.ts";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { unpack } from "./batch.ts";
import { incompleteRunFolder, openRunFolder, runsFolder, spoolFolder } from "./layout.ts";
import { incompleteRuns, newestFolders, openRuns, unknownRun } from "./runs.ts";

export interface KeptRun {
  readonly run: string;
  readonly folder: string;
  /** Its newest archive; undefined for a run that was never sealed. */
  readonly archive: string | undefined;
}

export interface KeptRecords {
  readonly agent: string;
  /** Undefined when they cannot be read. */
  readonly records: number | undefined;
  readonly bytes: number;
}

/**
 * The one run that is kept and whose id begins so. Throws `invalid-input` for none and for several, `wrong-state` for a run
 * that is sealed and done with.
 */
export async function findKept(dataDir: string, prefix: string): Promise<KeptRun> {
  const folders = new Map([
    ...(await incompleteRuns(dataDir)).map((run) => [run, incompleteRunFolder(dataDir, run)] as const),
    ...(await openRuns(dataDir)).map((run) => [run, openRunFolder(dataDir, run)] as const),
  ]);
  const archives = await newestFolders(dataDir);
  const found = folders.has(prefix) ? [prefix] : [...folders.keys()].filter((run) => run.startsWith(prefix)).toSorted();
  const [run] = found;
  if (found.length > 1)
    throw new SalvoError("invalid-input", `${prefix} may be ${found.join(", ")}`, { remedy: "Write more of the id" });
  if (run !== undefined) return { run, folder: folders.get(run) ?? "", archive: archives.get(run) };
  const archive = archives.get(prefix);
  if (archive === undefined)
    throw unknownRun(
      prefix,
      [...folders.keys()].toSorted(),
      runsFolder(dataDir),
      "No run is open or incomplete here, so there is nothing to give up",
    );
  throw new SalvoError("wrong-state", `run ${prefix} is sealed, and nothing else is kept of it here`, {
    file: archive,
    remedy: `You may remove its folder. To delete what agents hold of it, type: salvo agents --release ${prefix}`,
  });
}

/** What came of its agents' records, whether or not its spec can be read. */
export async function keptRecords({ folder }: KeptRun): Promise<KeptRecords[]> {
  const spool = spoolFolder(folder);
  const names = await namesIn(spool);
  const journals = names.filter((name) => name.endsWith(".journal")).toSorted();
  return mapAtOnce(journals, FILES_AT_ONCE, async (name) => ({
    agent: name.slice(0, -".journal".length),
    records: await countRecords(join(spool, name)),
    bytes: (await stat(join(spool, name))).size,
  }));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const problem = toSalvoError(error, { file: folder });
    if (problem.kind === "not-found") return []; // it was never begun
    throw problem;
  }
}

async function countRecords(file: string): Promise<number | undefined> {
  try {
    let count = 0;
    for await (const { payload } of readJournal(file)) count += unpack(payload).length;
    return count;
  } catch {
    return undefined; // whatever is in there, it is lost now
  }
}

export async function removeKept({ folder }: KeptRun): Promise<void> {
  try {
    await rm(folder, { recursive: true });
  } catch (error) {
    throw toSalvoError(error, { file: folder });
  }
}
