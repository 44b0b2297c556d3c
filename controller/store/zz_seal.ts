import { rm } from "node:fs/promises";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import { openSpool } from "./spool.ts";
import { openRunFolder, spoolFolder } from "./layout.ts";
import { sealRun } from "./archive.ts";
const run = syntheticRun({
  agents: 10,
  participantsPerAgent: 10,
  ticks: Number(process.argv[3] ?? 9998),
  intervalMs: 100,
  binsPerSample: Number(process.argv[2] ?? 16),
  disks: false,
  cores: 4,
});
const data = process.argv[4]!;
await rm(data + "/runs/synthetic-1", { recursive: true, force: true });
let t = performance.now(),
  cu = process.cpuUsage();
const lap = (s: string) => {
  const n = performance.now();
  const d = process.cpuUsage(cu);
  console.log(
    s,
    ((n - t) / 1000).toFixed(2),
    "s cpu",
    ((d.user + d.system) / 1e6).toFixed(2),
    "rss",
    Math.round(process.memoryUsage().rss / 1e6),
  );
  t = performance.now();
  cu = process.cpuUsage();
};
await using spool = await openSpool(
  spoolFolder(openRunFolder(data, "synthetic-1")),
  run.spec.agents.map((a) => a.id),
);
lap("reopened");
const m = await sealRun({
  dataDir: data,
  spec: run.spec,
  spool,
  salvoVersion: "0",
  facts: {
    t0: { ns: run.t0Ns, wallNs: run.t0WallNs },
    clockBefore: run.clockBefore,
    clockAfter: run.clockAfter,
    agents: run.agents,
    lost: [],
  },
});
lap("sealed " + m.summary!.verdict);
