import { join } from "node:path";
import { archive, archivedManifest } from "@salvo/controller/store/archived.fixture.ts";
import { silentIo } from "@salvo/controller/cli/io.ts";
import { compareRuns } from "@salvo/controller/cli/compare.ts";
import { type Findings, median } from "./figures.ts";
import type { BenchOptions } from "./options.ts";

const SCENARIOS = ["iscsi", "iser"];
const WORKLOADS = ["4k-randread", "4k-randwrite", "64k-read", "64k-write", "mixed"];

/** `salvo compare` of archived runs: two scenarios, five workloads, many repeats. Reading manifests is nearly all of it. */
export async function compare({ folder, rounds, samples: runs, say }: BenchOptions): Promise<Findings> {
  const data = join(folder, "data");
  say(`writing ${runs} runs`);
  for (let index = 0; index < runs; index++) {
    const scenario = SCENARIOS[index % SCENARIOS.length] ?? "";
    const workload = WORKLOADS[Math.floor(index / SCENARIOS.length) % WORKLOADS.length] ?? "";
    const run = `20261130-1000-${String(index).padStart(5, "0")}`;
    const t0WallNs = 1_780_000_000_000_000_000n + BigInt(index) * 60_000_000_000n;
    const iops = (scenario === "iser" ? 140_000 : 100_000) * (1 + ((index * 7919) % 100) / 5000);
    const manifest = archivedManifest({ run, scenario, workload, t0WallNs, iops });
    // As long as one of eight guests: most of a manifest are descriptions, clocks and notes.
    manifest.notes = Array.from({ length: 60 }, (_, line) => `note ${line} `.padEnd(200, "x"));
    await archive(data, manifest);
  }
  const took: number[] = [];
  const cpu: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    await compareRuns({ base: "iscsi", now: "iser", data, measure: "iops", format: "json" }, silentIo());
    const { user, system } = process.cpuUsage(cpuBefore);
    took.push((performance.now() - began) / 1000);
    cpu.push((user + system) / 1e6);
  }
  const each = (median(took) * 1000) / runs;
  return {
    tables: [
      {
        title: `Comparing ${runs} archived runs, s (${rounds} rounds)`,
        columns: ["", "median", "least", "most", "ms for each run"],
        rows: [
          ["compare", median(took), Math.min(...took), Math.max(...took), each],
          ["its CPU time, on all cores", median(cpu)],
        ],
      },
    ],
    aims: [{ what: "compare 1,000 runs", aim: "< 2 s", measured: `${each.toFixed(2)} s`, met: each < 2 }],
    notes: [`Peak memory of this process: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB.`],
  };
}
