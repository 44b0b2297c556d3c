import { mkdtemp, rm } from "node:fs/promises";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import { openSpool } from "./spool.ts";
import { createOpenRun } from "./openrun.ts";
import { spoolFolder } from "./layout.ts";
import { sealRun } from "./archive.ts";
import { execSync } from "node:child_process";
const B = Number(process.argv[2] ?? 16);
const run = syntheticRun({
  agents: 10,
  participantsPerAgent: 10,
  ticks: Number(process.argv[3] ?? 9998),
  intervalMs: 100,
  binsPerSample: B,
  disks: process.argv[4] === "disks",
  cores: 4,
});
const data = await mkdtemp("/tmp/salvo-seal-");
let t = performance.now();
let cu = process.cpuUsage();
const lap = (s: string) => {
  const d = process.cpuUsage(cu);
  cu = process.cpuUsage();
  console.log("cpu", ((d.user + d.system) / 1e6).toFixed(2));
  const n = performance.now();
  console.log(s, ((n - t) / 1000).toFixed(2), "s rss", Math.round(process.memoryUsage().rss / 1e6));
  t = performance.now();
};
const folder = await createOpenRun(data, run.spec);
let n = 0;
{
  await using spool = await openSpool(
    spoolFolder(folder),
    run.spec.agents.map((a) => a.id),
  );
  for (const { id } of run.spec.agents) {
    for (const { seq, payload } of run.payloads(id)) {
      spool.add(id, seq, payload, "received");
      if (++n % 20000 === 0) await spool.flush();
    }
    await spool.flush();
  }
  lap(`filled ${n}`);
}
await using spool = await openSpool(
  spoolFolder(folder),
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
lap("sealed");
console.log(m.summary!.verdict, m.summary!.reason, m.summary!.samples, m.summary!.totals);
console.log(execSync(`ls -la ${m.summary!.archive} ${data}/runs/.open/*/spool | head -40`).toString());
if (process.argv[5]) console.log(data);
else await rm(data, { recursive: true });
