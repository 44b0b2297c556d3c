/**
 * Where things are in the controller's data folder:
 *
 *     runs/<run>/                  a sealed run, never changed again
 *     runs/.open/<run>/spec.json   a run under way, or not sealed yet
 *                     /spool/      its agents' records, <agent>.journal
 *                     /archive/    the sealed run while it is written
 *                     /scratch/    what is too big for memory meanwhile
 *     storage/<tag>.json           what a study has made on hosts and not taken away yet
 *     lock, holder.json            which controller has the folder
 */
import { join } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export const runsFolder = (dataDir: string): string => join(dataDir, "runs");
export const openRunsFolder = (dataDir: string): string => join(dataDir, "runs", ".open");

/** Of a sealed run. Throws `invalid-input` when the id could name something outside. */
export function runFolder(dataDir: string, run: string): string {
  return join(runsFolder(dataDir), checkedId(run));
}

/** Of a run that is not sealed yet. Throws `invalid-input` when the id could name something outside. */
export function openRunFolder(dataDir: string, run: string): string {
  return join(openRunsFolder(dataDir), checkedId(run));
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
