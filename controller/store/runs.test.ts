import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { RunSummarySchema } from "@salvo/proto/run_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sealRun } from "../service/seal.ts";
import { formatSums, sumFiles } from "./checksums.ts";
import { openRunFolder, runFolder, spoolFolder } from "./layout.ts";
import { loadManifest, summaryJson } from "./manifest.ts";
import { createOpenRun, discardOpenRun } from "./openrun.ts";
import { queryRuns } from "./query.ts";
import { listRuns, readManifest } from "./runs.ts";
import { openSpool } from "./spool.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-runs-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function sealed(id: string, t0WallNs: bigint): Promise<string> {
  const run = syntheticRun({ run: id, agents: 1, participantsPerAgent: 1, ticks: 2, rampTicks: 0 });
  const folder = await createOpenRun(dataDir, run.spec);
  await using spool = await openSpool(spoolFolder(folder), run.spec);
  for (const { seq, payload } of run.payloads("vm1")) spool.add("vm1", seq, payload, "received");
  const { t0Ns, clockBefore, clockAfter, agents } = run;
  const facts = { t0: { ns: t0Ns, wallNs: t0WallNs }, clockBefore, clockAfter, agents, lost: [] };
  const manifest = await sealRun({ dataDir, spec: run.spec, spool, facts, salvoVersion: "0" });
  return manifest.summary?.archive ?? "";
}

test("runs are listed with the newest last, open ones at the end and marked, and a sealed one once", async () => {
  expect(await listRuns(dataDir)).toEqual([]);
  await sealed("older", 1000n);
  await sealed("newest", 3000n);
  await sealed("middle", 2000n);
  await discardOpenRun(dataDir, "older");
  await createOpenRun(dataDir, syntheticRun({ run: "running" }).spec);
  const runs = await listRuns(dataDir);
  expect(runs.map(({ run, verdict }) => `${run} ${verdict}`)).toEqual([
    "older complete",
    "middle complete",
    "newest complete",
    "running open",
  ]);
  expect(runs.map(({ archive }) => archive)).toEqual([
    ...["older", "middle", "newest"].map((run) => runFolder(dataDir, run)),
    openRunFolder(dataDir, "running"),
  ]);
});

test("a run that never fired, and so has no T0, stands where its command stands", async () => {
  await sealed("20261122-2046-001-x", 1000n);
  await sealed("20261122-2047-001-x", 0n);
  await sealed("20261122-2046-002-x", 2000n);
  expect((await listRuns(dataDir)).map(({ run }) => run.slice(9, 17))).toEqual(["2046-001", "2046-002", "2047-001"]);
});

test("a manifest is found by the beginning of its id, if only one run begins so", async () => {
  await sealed("aa-1", 1000n);
  await sealed("aa-12", 2000n);
  await createOpenRun(dataDir, syntheticRun({ run: "bb-1" }).spec);
  expect((await readManifest(dataDir, "aa-12")).spec?.run).toBe("aa-12");
  expect((await readManifest(dataDir, "aa-1")).spec?.run).toBe("aa-1");
  await expect(readManifest(dataDir, "aa")).rejects.toMatchObject({
    kind: "invalid-input",
    message: "aa may be aa-1, aa-12",
  });
  await expect(readManifest(dataDir, "cc")).rejects.toMatchObject({
    kind: "invalid-input",
    message: "there is no run cc",
    remedy: expect.stringContaining("salvo runs lists all"),
  });
  await expect(readManifest(dataDir, "bb")).rejects.toMatchObject({
    kind: "wrong-state",
    message: "run bb-1 is not sealed yet",
  });
});

test("any damage to any file is corrupt, with the file and its checksum", async () => {
  const archive = await sealed("one", 1000n);
  for (const name of ["samples.parquet", "manifest.json", "events.jsonl", "fio/vm1.disk1.json"]) {
    const path = join(archive, name);
    const whole = await readFile(path);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(damaged.length >> 1) ^ 1, damaged.length >> 1);
    await writeFile(path, damaged);
    const expected = { kind: "corrupt", file: path, message: expect.stringMatching(/[0-9a-f]{64}/) };
    await expect(readManifest(dataDir, "one")).rejects.toMatchObject(expected);
    if (name === "manifest.json") await expect(queryRuns(dataDir, "SELECT 1")).rejects.toMatchObject(expected);
    await writeFile(path, damaged.subarray(1));
    await expect(queryRuns(dataDir, "SELECT 1")).rejects.toMatchObject({ kind: "corrupt", file: path });
    await rm(path);
    await expect(readManifest(dataDir, "one")).rejects.toMatchObject({ kind: "corrupt", file: path });
    await expect(queryRuns(dataDir, "SELECT 1")).rejects.toMatchObject({ kind: "corrupt", file: path });
    await writeFile(path, whole);
  }
  expect((await readManifest(dataDir, "one")).spec?.run).toBe("one");
  await appendFile(join(archive, "SHA256SUMS"), "not a checksum\n");
  await expect(readManifest(dataDir, "one")).rejects.toMatchObject({ kind: "corrupt" });
});

test("a run with a damaged manifest is listed as damaged with the reason, and the others as ever", async () => {
  await sealed("one", 1000n);
  const archive = await sealed("two", 2000n);
  await appendFile(join(archive, "manifest.json"), " ");
  const runs = await listRuns(dataDir);
  expect(runs).toMatchObject([
    { run: "two", verdict: "damaged", archive, reason: expect.stringContaining("manifest.json") },
    { run: "one", verdict: "complete" },
  ]);
  await writeFile(join(archive, "SHA256SUMS"), "");
  expect((await listRuns(dataDir)).map(({ verdict }) => verdict)).toEqual(["damaged", "complete"]);
});

test("a run's folder can be copied to another data folder and read there", async () => {
  const archive = await sealed("one", 1000n);
  const elsewhere = join(dataDir, "elsewhere");
  await cp(archive, join(elsewhere, "runs", "one"), { recursive: true });
  expect((await listRuns(elsewhere)).map(({ archive }) => archive)).toEqual([join(elsewhere, "runs", "one")]);
});

test("SQL is asked of all sealed runs at once, and of none too", async () => {
  const sql = "SELECT run, count(*)::INT AS n FROM samples JOIN runs USING (run) GROUP BY run ORDER BY t0_ns";
  expect(await queryRuns(dataDir, sql.replace("t0_ns", "run"))).toEqual({ columns: ["run", "n"], rows: [] });
  await sealed("second", 2000n);
  await sealed("first", 1000n);
  expect((await queryRuns(dataDir, sql.replace("GROUP BY run", "GROUP BY run, t0_ns"))).rows).toEqual([
    { run: "first", n: 2 },
    { run: "second", n: 2 },
  ]);
  const summary = (await readManifest(dataDir, "first")).summary!;
  const { rows } = await queryRuns(dataDir, "SELECT * FROM runs WHERE run = 'first'");
  expect(rows[0]).toMatchObject({
    verdict: "complete",
    t0_ns: 1000n,
    iops: summary.totals?.iops,
    p50_us: summary.totals?.latencyUs?.p50,
    p999_us: null,
    samples_expected: 6,
    window_end_ns: summary.window?.endNs,
    archive: summary.archive,
    max_us: summary.totals?.latencyUs?.max,
    stalled_seconds: 0,
    start_bound_us: summary.startBoundUs,
    warnings: "",
    content: summary.content,
    mean_us: summary.totals?.latencyUs?.mean,
    p95_us: summary.totals?.latencyUs?.p95,
    p9999_us: null,
    read_iops: summary.totals?.read?.iops,
    read_p95_us: summary.totals?.read?.latencyUs?.p95,
    write_mib_per_sec: summary.totals?.write?.mibPerSec,
    write_max_us: summary.totals?.write?.latencyUs?.max,
    guest_core_s_per_100k: summary.cpuCost?.guests,
    target_core_s_per_100k: null,
    findings: "",
    pattern: "randrw",
    block_size: 4096n,
    jobs: 1,
    queue_depth: 16,
    read_percent: 67,
    rate_iops_per_job: 0,
    luns: null,
    sessions: null,
    lun_queue_depth: null,
    attach: null,
    disk: null,
    block_size_mix: "",
    distribution: "",
    rate_per_job_bytes: 0n,
    fsync_every: 0,
    fdatasync_every: 0,
    think_time_ms: 0,
    compressible_percent: null,
  });
  expect(summary.totals?.read?.iops).toBeGreaterThan(summary.totals!.write!.iops);
  expect(summary.totals?.latencyUs?.max).toBeGreaterThan(summary.totals!.latencyUs!.p99!);
});

test("an archive from before contents and start bounds were written tells them all the same", async () => {
  const archive = await sealed("old", 1000n);
  const now = (await loadManifest(archive)).summary!;
  const file = join(archive, "manifest.json");
  const text = await readFile(file, "utf8");
  const { summary, ...rest }: { summary: Record<string, unknown> } = JSON.parse(text);
  const { startBoundUs: _, content: __, settings: ___, ...older } = summary;
  await writeFile(file, JSON.stringify({ ...rest, summary: older }));
  await rm(join(archive, "SHA256SUMS"));
  await writeFile(join(archive, "SHA256SUMS"), formatSums(await sumFiles(archive)));
  const { summary: again } = await loadManifest(archive);
  expect(again?.content).toBe(now.content);
  expect(again?.content).not.toBe("");
  expect(again?.settings).toEqual(now.settings);
  expect(again?.startBoundUs).toBeCloseTo(now.startBoundUs, 2);
});

test("a query that is wrong is the caller's mistake, and one that changes something is refused", async () => {
  await expect(queryRuns(dataDir, "SELECT nothing FROM samples")).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("nothing"),
  });
  await expect(queryRuns(dataDir, "")).rejects.toMatchObject({ kind: "invalid-input" });
  for (const sql of ["DROP VIEW samples", "COPY runs TO '/tmp/x'", "SELECT 1; SELECT 2"])
    await expect(queryRuns(dataDir, sql)).rejects.toMatchObject({ kind: "refused" });
});

const LATENCY = {
  p50: expect.any(Number),
  p95: expect.any(Number),
  p99: expect.any(Number),
  p999: null,
  p9999: null,
  p50Resolution: expect.any(Number),
  p95Resolution: expect.any(Number),
  p99Resolution: expect.any(Number),
  p999Resolution: null,
  p9999Resolution: null,
  max: expect.any(Number),
  mean: expect.any(Number),
  stddev: expect.any(Number),
};
const FIGURES = { iops: expect.any(Number), mibPerSec: expect.any(Number), latencyUs: LATENCY };
/** Reads alone and writes alone are fewer than 1,000. */
const FIGURES_OF_FEWER = { ...FIGURES, latencyUs: { ...LATENCY, p99: null, p99Resolution: null } };

test("the line about a run has every field, and null for what there is no value of", async () => {
  await sealed("one", 1000n);
  const line = summaryJson((await readManifest(dataDir, "one")).summary!);
  expect(line).toEqual({
    run: "one",
    study: "synthetic",
    scenario: "memory",
    workload: "4k-mixed",
    repeat: 1,
    verdict: "complete",
    reason: "everything planned was measured and is here",
    participants: 1,
    startSpreadMs: { p50: 0, p95: 0, max: 0 },
    clockBoundUs: 40,
    window: { startNs: "1000", endNs: "2000001000", firstTick: 0, lastTick: 2 },
    totals: { ...FIGURES, stalledSeconds: 0, read: FIGURES_OF_FEWER, write: FIGURES_OF_FEWER },
    samples: { expected: 6, received: 6, backfilled: 0, missing: 0 },
    archive: join(dataDir, "runs", "one"),
    startBoundUs: expect.closeTo(90.001, 3),
    warnings: [],
    content: expect.stringMatching(/^[0-9a-f]{16}$/),
    cpuCost: { guests: expect.any(Number), targets: null, hypervisors: null },
    findings: [],
    tags: {},
    settings: {
      pattern: "randrw",
      blockSizeBytes: "4096",
      jobs: 1,
      queueDepth: 16,
      readPercent: 67,
      rateIopsPerJob: 0,
      luns: null,
      sessions: null,
      lunQueueDepth: null,
      attach: null,
      disk: null,
      blockSizeMix: "",
      distribution: "",
      ratePerJobBytes: "0",
      fsyncEvery: 0,
      fdatasyncEvery: 0,
      thinkTimeMs: 0,
      compressiblePercent: null,
    },
  });
  expect(summaryJson(create(RunSummarySchema))).toMatchObject({
    run: "",
    startSpreadMs: null,
    window: null,
    totals: null,
  });
});

test("a run id that could name something outside the data folder is refused", async () => {
  for (const run of ["../x", "a/b", "", ".open", "a b"])
    expect(() => runFolder(dataDir, run)).toThrow(expect.objectContaining({ kind: "invalid-input" }));
});

test("a second run of the same id is refused", async () => {
  const { spec } = syntheticRun();
  await createOpenRun(dataDir, spec);
  await expect(createOpenRun(dataDir, spec)).rejects.toMatchObject({ kind: "wrong-state" });
});
