import { DAMAGED, listRuns, UNREADABLE } from "../store/runs.ts";
import { summaryJson } from "../store/manifest.ts";
import { queryRuns } from "../store/query.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type RunFilter, runFilter } from "../domain/run-filter.ts";
import type { Io } from "./io.ts";
import { jsonText } from "./json.ts";
import { runTable, textTable } from "./table.ts";

export interface RunsCommand extends RunFilter {
  readonly data: string;
  readonly sql?: string;
  readonly json?: boolean;
}

export async function listStoredRuns({ data, sql, json = false, ...filter }: RunsCommand, io: Io): Promise<number> {
  if (sql !== undefined) {
    const [key] = Object.keys(filter);
    if (key !== undefined)
      throw new SalvoError("invalid-input", `--${key} has no effect with --sql`, { remedy: "Write it as WHERE" });
    const { columns, rows } = await queryRuns(data, sql);
    if (json) for (const row of rows) io.stdout.write(`${jsonText(row)}\n`);
    else
      io.stdout.write(
        textTable(
          columns,
          rows.map((row) => columns.map((name) => cellText(row[name]))),
          io.stdout.columns === undefined ? {} : { widthMax: io.stdout.columns },
        ),
      );
    return EXIT.ok.code;
  }
  const runs = (await listRuns(data)).filter(runFilter(filter, new Date()));
  if (json) for (const run of runs) io.stdout.write(`${JSON.stringify(summaryJson(run))}\n`);
  else if (runs.length > 0) io.stdout.write(runTable(runs));
  else io.stderr.write(`no ${Object.keys(filter).length > 0 ? "such runs" : "runs"} in ${data}\n`);
  const damaged = runs.filter(({ verdict }) => verdict === DAMAGED || verdict === UNREADABLE);
  for (const { run, reason } of damaged) io.stderr.write(`run ${run} cannot be read: ${reason}\n`);
  return damaged.length > 0 ? EXIT.environment.code : EXIT.ok.code;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : jsonText(value).replace(/^"(.*)"$/, "$1");
}
