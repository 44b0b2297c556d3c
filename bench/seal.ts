import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sealRun } from "@salvo/controller/service/seal.ts";
import { runFolder, spoolFolder } from "@salvo/controller/store/layout.ts";
import { createOpenRun } from "@salvo/controller/store/openrun.ts";
import { openSpool } from "@salvo/controller/store/spool.ts";
import { type SyntheticRun, syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { type Findings, median } from "./figures.ts";
import type { BenchOptions } from "./options.ts";
import { openDataFolder } from "@salvo/controller/store/datafolder.ts";

const AGENTS = 10;
const DEVICES = 4;
const RECORDS_PER_TICK = AGENTS * (2 * DEVICES + 1);
const BINS = 16;
const FLUSH_EVERY = 20_000;

/** From a spool on disk to a sealed archive. */
export async function seal({ folder, rounds, samples, say }: BenchOptions): Promise<Findings> {
  const run = syntheticRun({
    agents: AGENTS,
    participantsPerAgent: DEVICES,
    intervalMs: 100,
    rampTicks: 0,
    ticks: Math.ceil(samples / RECORDS_PER_TICK),
    binsPerSample: BINS,
    cores: 4,
  });
  const ids = run.spec.agents.map(({ id }) => id);
  const dataDir = join(folder, "controller");
  await using data = await openDataFolder(dataDir);
  const spoolIn = spoolFolder(await createOpenRun(data.path, run.spec));
  say("writing the spool");
  const records = await fillSpool(spoolIn, ids, run);

  const seconds: { readonly open: number; readonly seal: number; readonly cpu: number }[] = [];
  let verdict: string | undefined;
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    const began = performance.now();
    await using spool = await openSpool(spoolIn, run.spec);
    const opened = performance.now();
    const cpuBefore = process.cpuUsage();
    const manifest = await sealRun({ dataDir, spool, spec: run.spec, salvoVersion: "bench", facts: factsOf(run) });
    const { user, system } = process.cpuUsage(cpuBefore);
    const took = (performance.now() - opened) / 1000;
    seconds.push({ open: (opened - began) / 1000, seal: took, cpu: (user + system) / 1e6 });
    verdict = manifest.summary?.verdict;
    await rm(runFolder(dataDir, run.spec.run), { recursive: true });
  }
  const took = seconds.map((each) => each.seal);
  return {
    tables: [
      {
        title: `Sealing ${records.toLocaleString("en-GB")} records of ${AGENTS} agents, s (${rounds} rounds; verdict ${verdict})`,
        columns: ["", "median", "least", "most", "records/s"],
        rows: [
          ["seal", median(took), Math.min(...took), Math.max(...took), records / median(took)],
          ["its CPU time, on all cores", median(seconds.map(({ cpu }) => cpu))],
          ["opening the spool anew, after a crash", median(seconds.map(({ open }) => open))],
        ],
      },
    ],
    aims: [
      {
        what: "seal 1 million records",
        aim: "< 5 s",
        measured: `${((median(took) * 1e6) / records).toFixed(1)} s`,
        met: (median(took) * 1e6) / records < 5,
      },
    ],
    notes: [
      `Peak memory of this process, which also wrote the spool: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB.`,
    ],
  };
}

async function fillSpool(folder: string, ids: readonly string[], run: SyntheticRun): Promise<number> {
  await using spool = await openSpool(folder, run.spec);
  let records = 0;
  for (const id of ids) {
    for (const { seq, payload } of run.payloads(id)) {
      spool.add(id, seq, payload, "received");
      if (++records % FLUSH_EVERY === 0) await spool.flush();
    }
  }
  return records;
}

function factsOf({ t0Ns, t0WallNs, clockBefore, clockAfter, agents }: SyntheticRun) {
  return { t0: { ns: t0Ns, wallNs: t0WallNs }, clockBefore, clockAfter, agents, aborted: undefined, lost: [] };
}
