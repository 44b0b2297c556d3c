import { stat } from "node:fs/promises";
import { join } from "node:path";
import { sealRun } from "@salvo/controller/service/seal.ts";
import { openDataFolder } from "@salvo/controller/store/datafolder.ts";
import { spoolFolder } from "@salvo/controller/store/layout.ts";
import { createOpenRun } from "@salvo/controller/store/openrun.ts";
import { openSpool } from "@salvo/controller/store/spool.ts";
import { run } from "@salvo/shared/process/run.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { type Findings, show } from "./figures.ts";
import type { BenchOptions } from "./options.ts";

const COMMAND = join(import.meta.dirname, "../controller/cli/report.ts");
const FEW_SHARE = 8;
const REPORT_MS = 3_600_000;

/** What a report of many runs needs, beside one of an eighth of them: memory of its process, time, and the size of its page. */
export async function report({ folder, rounds: runs, say }: BenchOptions): Promise<Findings> {
  const dataDir = join(folder, "controller");
  await using data = await openDataFolder(dataDir);
  const ids: string[] = [];
  for (let number = 1; number <= runs; number++) {
    ids.push(await sealOne(data.path, number));
    if (number % 50 === 0) say(`sealed ${number} of ${runs}`);
  }
  const few = await measured(dataDir, ids.slice(0, Math.ceil(runs / FEW_SHARE)), join(folder, "few.html"));
  const all = await measured(dataDir, ids, join(folder, "all.html"));
  const rows = [few, all].map(({ count, rssMib, seconds, pageKib }) => [
    count,
    rssMib,
    seconds,
    pageKib,
    pageKib / count,
  ]);
  return {
    tables: [
      {
        title: "Reports of small runs (4 participants, 60 ticks)",
        columns: ["runs", "peak RSS, MiB", "s", "page, KiB", "KiB a run"],
        rows,
      },
    ],
    aims: [
      {
        what: `memory of ${all.count} runs by that of ${few.count}`,
        aim: "< 2",
        measured: show(all.rssMib / few.rssMib),
        met: all.rssMib / few.rssMib < 2,
      },
    ],
    notes: [],
  };
}

async function sealOne(dataDir: string, number: number): Promise<string> {
  const id = `20261130-0000-${String(number).padStart(4, "0")}-bench`;
  const synthetic = syntheticRun({ run: id, agents: 2, participantsPerAgent: 2, rampTicks: 0, ticks: 60, cores: 2 });
  const { spec, t0Ns, t0WallNs, clockBefore, clockAfter, agents } = synthetic;
  await using spool = await openSpool(spoolFolder(await createOpenRun(dataDir, spec)), spec);
  for (const { id: agent } of spec.agents)
    for (const { seq, payload } of synthetic.payloads(agent)) spool.add(agent, seq, payload, "received");
  const facts = { t0: { ns: t0Ns, wallNs: t0WallNs }, clockBefore, clockAfter, agents, lost: [] };
  await sealRun({ dataDir, spec, spool, facts, salvoVersion: "bench" });
  return id;
}

/** In a process of its own, whose memory nothing else has touched. */
async function measured(dataDir: string, ids: readonly string[], page: string) {
  const script = `
    import { writeReport } from ${JSON.stringify(COMMAND)};
    await writeReport(${JSON.stringify(dataDir)}, ${JSON.stringify(ids)}, ${JSON.stringify(page)});
    console.log(process.resourceUsage().maxRSS);`;
  const began = performance.now();
  const args = ["--input-type=module-typescript", "--eval", script];
  const { stdout, stderr, exitCode } = await run(process.execPath, args, { timeoutMs: REPORT_MS });
  if (exitCode !== 0) throw new Error(`the report failed: ${stderr}`);
  const { size } = await stat(page);
  return {
    count: ids.length,
    rssMib: Number(stdout) / 1024,
    seconds: (performance.now() - began) / 1000,
    pageKib: size / 1024,
  };
}
