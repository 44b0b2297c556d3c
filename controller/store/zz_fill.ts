import { mkdtemp } from "node:fs/promises";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import { openSpool } from "./spool.ts";
import { createOpenRun } from "./openrun.ts";
import { spoolFolder } from "./layout.ts";
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
const folder = await createOpenRun(data, run.spec);
let n = 0;
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
