import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sealRun } from "../service/seal.ts";
import { spoolFolder } from "../store/layout.ts";
import { createOpenRun } from "../store/openrun.ts";
import { openSpool } from "../store/spool.ts";
import { loadReportRun } from "./load.ts";
import { openElements } from "./markup.ts";
import { ratesByParticipant } from "./rates.ts";
import { renderReport } from "./report.ts";

const { DEGRADE: observer } = ObserverLoss;
const run = syntheticRun({ agents: 2, participantsPerAgent: 2, rampTicks: 2, ticks: 10, cores: 2, observer });
let dataDir: string;
let sealed: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo's-report-"));
  const agents = run.spec.agents.map(({ id }) => id);
  await using spool = await openSpool(spoolFolder(await createOpenRun(dataDir, run.spec)), run.spec);
  for (const agent of agents) {
    for (const { seq, payload } of run.payloads(agent)) spool.add(agent, seq, payload, "received");
  }
  const { t0Ns: ns, t0WallNs: wallNs, clockBefore, clockAfter } = run;
  const facts = { t0: { ns, wallNs }, clockBefore, clockAfter, agents: run.agents, lost: [] };
  const manifest = await sealRun({ dataDir, spec: run.spec, spool, facts, salvoVersion: "0.1.0" });
  sealed = manifest.summary?.archive ?? "";
});
afterAll(() => rm(dataDir, { recursive: true }));

test("of an archive as Salvo seals it every row is read, and its rates are those of the manifest", async () => {
  const loaded = await loadReportRun(sealed);
  const { manifest, samples, cpu, disk } = loaded;
  expect([samples.length, cpu.length, disk.length]).toEqual([4 * 12, 3 * 2 * 12, 4 * 12]);
  for (const [id, rates] of ratesByParticipant(loaded)) {
    const windowed = rates.filter(({ tick }) => tick > 2 && tick <= 12).map(({ iops }) => iops ?? 0);
    const mean = windowed.reduce((sum, iops) => sum + iops, 0) / windowed.length;
    const { totals } = manifest.participants.find((participant) => participant.id === id)!;
    expect(mean / totals!.iops, id).toBeCloseTo(1, 2);
  }
});

test("an observer's disks and network interfaces are summed over the window, with the time that the sums are of", async () => {
  const { observedDisks, nics } = await loadReportRun(sealed);
  const disk = { agent: "target", seconds: 10, ios: 3000, readBytes: 8_192_000, busyMs: 9000, queueMs: 160_000 };
  expect(observedDisks).toMatchObject([
    { ...disk, disk: "sda" },
    { ...disk, disk: "sdb" },
  ]);
  expect(nics).toEqual([
    {
      agent: "target",
      nic: "eth0",
      seconds: 10,
      receivedBytes: 104_857_600,
      sentBytes: 10_485_760,
      drops: 10,
      errors: 0,
    },
    { agent: "target", nic: "lo", seconds: 10, receivedBytes: 0, sentBytes: 0, drops: 0, errors: 0 },
  ]);
});

test("its report is whole", async () => {
  const page = renderReport([await loadReportRun(sealed)]);
  expect(openElements(page)).toEqual([]);
  expect(page).toContain("vm1.disk1");
});

test("a folder that holds no run is said to be none", async () => {
  await expect(loadReportRun(join(dataDir, "absent"))).rejects.toMatchObject({ kind: "not-found" });
});

test("a Parquet file that is not what was sealed is named", async () => {
  const damaged = join(dataDir, "damaged");
  await cp(sealed, damaged, { recursive: true });
  const file = join(damaged, "cpu.parquet");
  const bytes = await readFile(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await expect(loadReportRun(damaged)).rejects.toMatchObject({ kind: "corrupt", file });
});
