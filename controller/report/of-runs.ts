import { readManifests } from "../store/runs.ts";
import { loadReportRun } from "./load.ts";
import { renderInTurn } from "./report.ts";

/** The page of these sealed runs of a data folder, by their ids or how these begin. Throws as readManifests. */
export async function reportOfRuns(dataDir: string, runs: readonly string[]): Promise<string> {
  const sealed = await readManifests(dataDir, runs);
  const folders = [...sealed.keys()];
  return renderInTurn([...sealed.values()], (index, isBrief) =>
    loadReportRun(folders[index] ?? "", { briefly: isBrief }),
  );
}
