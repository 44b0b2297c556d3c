import { DAMAGED, listRuns, UNREADABLE } from "../store/runs.ts";
import { summaryJson } from "../store/manifest.ts";
import { queryRuns } from "../store/query.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { jsonText } from "./json.ts";
import { runTable, textTable } from "./table.ts";

export interface RunsCommand {
  readonly data: string;
  readonly sql?: string;
  readonly json?: boolean;
}

export async function listStoredRuns({ data, sql, json = false }: RunsCommand, io: Io): Promise<number> {
  if (sql !== undefined) {
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
  const runs = await listRuns(data);
  if (json) for (const run of runs) io.stdout.write(`${JSON.stringify(summaryJson(run))}\n`);
  else if (runs.length > 0) io.stdout.write(runTable(runs));
  else io.stderr.write(`no runs in ${data}\n`);
  const damaged = runs.filter(({ verdict }) => verdict === DAMAGED || verdict === UNREADABLE);
  for (const { run, reason } of damaged) io.stderr.write(`run ${run} cannot be read: ${reason}\n`);
  return damaged.length > 0 ? EXIT.environment.code : EXIT.ok.code;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : jsonText(value).replace(/^"(.*)"$/, "$1");
}
