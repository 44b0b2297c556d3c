import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { toBinary } from "@bufbuild/protobuf";
import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import { RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun, type SyntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadReportRun } from "../report/load.ts";
import { sealRun } from "./seal.ts";
import { formatSums, sumFiles } from "../store/checksums.ts";
import { openRunFolder, spoolFolder } from "../store/layout.ts";
import { createOpenRun } from "../store/openrun.ts";
import { queryRuns } from "../store/query.ts";
import { openSpool } from "../store/spool.ts";

let dataDir: string;
beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), "salvo-observed-"))));
afterEach(() => rm(dataDir, { recursive: true, force: true }));

type Edit = (record: Record) => Record;

const observed = (run: string) =>
  syntheticRun({ run, agents: 1, participantsPerAgent: 1, ticks: 3, rampTicks: 0, observer: ObserverLoss.DEGRADE });

async function seal(run: SyntheticRun, edit: Edit = (record) => record) {
  await createOpenRun(dataDir, run.spec);
  await using spool = await openSpool(spoolFolder(openRunFolder(dataDir, run.spec.run)), run.spec);
  for (const agent of spool.agents)
    for (const record of run.records(agent))
      spool.add(agent, record.seq, toBinary(RecordSchema, edit(record)), "received");
  const { clockBefore, clockAfter, agents } = run;
  const facts = { t0: { ns: run.t0Ns, wallNs: run.t0WallNs }, clockBefore, clockAfter, agents, lost: [] };
  return await sealRun({ dataDir, spec: run.spec, spool, facts, salvoVersion: "1.2.3" });
}

const rows = async (sql: string) => (await queryRuns(dataDir, sql)).rows;

test("an observer's disks, cores and network interfaces are rows with the time that they are of", async () => {
  const run = observed("one");
  const { summary, notes } = await seal(run);
  expect(summary).toMatchObject({ verdict: "complete", participants: 1 });
  expect(notes).toEqual([]);
  const tick = (n: bigint) => run.t0WallNs + n * 1_000_000_000n;
  expect(await rows("SELECT * FROM net WHERE tick = 2")).toEqual([
    {
      run: "one",
      agent: "target",
      nic: "eth0",
      tick: 2,
      t_ns: tick(2n) + 370_000n,
      since_ns: tick(1n) + 370_000n,
      received_bytes: 10_485_760n,
      sent_bytes: 1_048_576n,
      received_packets: 8_000n,
      sent_packets: 900n,
      drops: 1n,
      errors: 0n,
      gap: false,
    },
    expect.objectContaining({ nic: "lo", received_bytes: 0n }),
  ]);
  expect(await rows("SELECT participant, agent, disk, queue_ms, read_ms, gap FROM disk WHERE tick = 1")).toEqual([
    { participant: "vm1.disk1", agent: "vm1", disk: "dev-disk1", queue_ms: 16_000n, read_ms: 9_000n, gap: false },
    { participant: "", agent: "target", disk: "sda", queue_ms: 16_000n, read_ms: 9_000n, gap: false },
    { participant: "", agent: "target", disk: "sdb", queue_ms: 16_000n, read_ms: 9_000n, gap: false },
  ]);
  expect(await rows("SELECT DISTINCT core FROM cpu WHERE agent = 'target' ORDER BY core")).toEqual([
    { core: 0 },
    { core: 1 },
  ]);
});

test("of a volume that a target exports, what LIO does not count is not known, and not 0", async () => {
  await seal(observed("one"), (record) => {
    const { body } = record;
    if (body.case === "disk" && body.value.disk === "sdb")
      Object.assign(body.value, { disk: "lio:lun1", commands: 300 });
    return record;
  });
  const sql = "SELECT disk, commands, read_bytes, reads, queue_ms FROM disk WHERE agent = 'target' AND tick = 1";
  expect(await rows(sql)).toEqual([
    { disk: "lio:lun1", commands: 300, read_bytes: 819_200n, reads: null, queue_ms: null },
    { disk: "sda", commands: null, read_bytes: 819_200n, reads: 200, queue_ms: 16_000n },
  ]);
});

const gapsAt =
  (gapTick: number): Edit =>
  (record) => {
    const { body } = record;
    if ((body.case !== "cpu" && body.case !== "disk" && body.case !== "net") || body.value.tick !== gapTick)
      return record;
    body.value.gap = true;
    if (body.case === "cpu") body.value.cores = [];
    if (body.case === "net") body.value.nics = [];
    return record;
  };

test("a gap is a row without counts, so that no sum or mean takes it for 0, and a note says how many", async () => {
  const { summary, notes } = await seal(observed("one"), gapsAt(2));
  expect(summary).toMatchObject({ verdict: "complete" });
  expect(notes).toContainEqual(expect.stringMatching(/^target had no reading of its host at 1 tick:/));
  for (const [table, column] of [
    ["cpu", "user_ms"],
    ["disk", "reads"],
    ["net", "received_bytes"],
  ] as const) {
    const gaps = await rows(`SELECT tick, ${column} AS told FROM ${table} WHERE gap AND agent = 'target'`);
    expect(gaps.length, table).toBe(table === "disk" ? 2 : 1);
    for (const gap of gaps) expect(gap, table).toEqual({ tick: 2, told: null });
    expect(await rows(`SELECT count(*)::INT AS n FROM ${table} WHERE NOT gap AND tick = 2`), table).toEqual([{ n: 0 }]);
  }
  expect(await rows("SELECT avg(received_bytes) AS mean FROM net WHERE nic = 'eth0'")).toEqual([{ mean: 10_485_760 }]);
});

/** As Salvo sealed it before there were samples of network interfaces, and gaps. */
async function makeOld(folder: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const disk = join(folder, "disk.parquet");
  const cpu = join(folder, "cpu.parquet");
  await connection.run(`CREATE TABLE disk AS FROM read_parquet('${disk}') WHERE participant <> ''`);
  await connection.run(`CREATE TABLE cpu AS FROM read_parquet('${cpu}')`);
  await connection.run(
    `COPY (SELECT * EXCLUDE (disk, read_ms, write_ms, queue_ms, since_ns, gap, commands) FROM disk) TO '${disk}'`,
  );
  await connection.run(`COPY (SELECT * EXCLUDE (since_ns, gap) FROM cpu) TO '${cpu}'`);
  connection.closeSync();
  instance.closeSync();
  await rm(join(folder, "net.parquet"));
  const file = join(folder, "manifest.json");
  const manifest: { files: unknown } = JSON.parse(await readFile(file, "utf8"));
  await rm(file);
  await rm(join(folder, "SHA256SUMS"));
  manifest.files = (await sumFiles(folder)).map(({ path, bytes, sha256 }) => ({ path, bytes: `${bytes}`, sha256 }));
  await writeFile(file, JSON.stringify(manifest));
  await writeFile(join(folder, "SHA256SUMS"), formatSums(await sumFiles(folder)));
}

test("an archive of before there were observers is asked and reported as ever, alone and beside new ones", async () => {
  const { summary } = await seal(observed("old"));
  await makeOld(summary!.archive);
  expect(await rows("SELECT * FROM net")).toEqual([]);
  expect(await rows("SELECT run, disk, queue_ms, gap FROM disk WHERE tick = 1")).toEqual([
    { run: "old", disk: null, queue_ms: null, gap: false },
  ]);
  const report = await loadReportRun(summary!.archive);
  expect(report).toMatchObject({ disk: expect.objectContaining({ length: 3 }), nics: [] });
  expect(report.cpu.length).toBeGreaterThan(0);

  await seal(observed("new"));
  expect(await rows("SELECT run, count(*)::INT AS n FROM disk WHERE NOT gap GROUP BY run ORDER BY run")).toEqual([
    { run: "new", n: 9 },
    { run: "old", n: 3 },
  ]);
  expect(await rows("SELECT DISTINCT run FROM net")).toEqual([{ run: "new" }]);
});
