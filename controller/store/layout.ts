/**
 * Where things are in the controller's data folder:
 *
 *     runs/<run>/                  a sealed run, never changed again
 *     runs/<run>.2/                the same with what could be collected later; the newest counts
 *     runs/.open/<run>/spec.json   a run under way, or not sealed yet
 *                     /spool/      its agents' records, <agent>.journal
 *                     /archive/    the sealed run while it is written
 *                     /scratch/    what is too big for memory meanwhile
 *     runs/.incomplete/<run>/      the same of a sealed run of which agents hold more
 *     storage/<tag>.json           what a study has made on hosts and not taken away yet
 *     lock, holder.json            which controller has the folder
 */
import { join } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export const runsFolder = (dataDir: string): string => join(dataDir, "runs");
export const openRunsFolder = (dataDir: string): string => join(dataDir, "runs", ".open");

export const incompleteRunsFolder = (dataDir: string): string => join(dataDir, "runs", ".incomplete");

/** Of a run that was sealed for that time. Throws `invalid-input` when the id could name something outside. */
export function runFolder(dataDir: string, run: string, time = 1): string {
  return join(runsFolder(dataDir), time === 1 ? checkedId(run) : `${checkedId(run)}.${time}`);
}

/** What runFolder has called so. Ids have no dots. */
export function readRunFolder(name: string): { readonly run: string; readonly time: number } {
  const [, run = name, time = "1"] = /^([a-z0-9][a-z0-9-]{0,62})\.([1-9]\d{0,5})$/.exec(name) ?? [];
  return { run, time: Number(time) };
}

/** Of a run that is not sealed yet. Throws `invalid-input` when the id could name something outside. */
export function openRunFolder(dataDir: string, run: string): string {
  return join(openRunsFolder(dataDir), checkedId(run));
}

/** Of a sealed run of which agents hold more. Throws as openRunFolder. */
export function incompleteRunFolder(dataDir: string, run: string): string {
  return join(incompleteRunsFolder(dataDir), checkedId(run));
}

export const storageFolder = (dataDir: string): string => join(dataDir, "storage");
export const specFile = (openRun: string): string => join(openRun, "spec.json");
export const spoolFolder = (openRun: string): string => join(openRun, "spool");
/** Where DuckDB puts what does not fit into memory while the run is sealed. */
export const scratchFolder = (openRun: string): string => join(openRun, "scratch");
export const archiveDraft = (openRun: string): string => join(openRun, "archive");

export const MANIFEST = "manifest.json";
/** Checks with `sha256sum -c` from within the run's folder. */
export const CHECKSUMS = "SHA256SUMS";

function checkedId(run: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(run)) return run;
  throw new SalvoError("invalid-input", `${JSON.stringify(run)} is not a run id`, {
    remedy: "Ids have lower-case letters, digits and hyphens; list the runs to see them",
  });
}
