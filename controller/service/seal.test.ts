import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { create, toBinary } from "@bufbuild/protobuf";
import { CpuLimitSchema, RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun, type SyntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sealRun } from "./seal.ts";
import { openJournal } from "@salvo/shared/journal/writer.ts";
import { createBatch } from "../store/batch.ts";
import { archiveDraft, openRunFolder, spoolFolder } from "../store/layout.ts";
import { createOpenRun, discardOpenRun } from "../store/openrun.ts";
import { queryRuns } from "../store/query.ts";
import { openSpool } from "../store/spool.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-archive-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

type Edit = (record: Record) => Record;

async function seal(run: SyntheticRun, edit: Edit = (record) => record) {
  await using spool = await openSpool(spoolFolder(openRunFolder(dataDir, run.spec.run)), run.spec);
  for (const agent of spool.agents)
    for (const record of run.records(agent))
      spool.add(
        agent,
        record.seq,
        toBinary(RecordSchema, edit(record)),
        record.seq % 10 === 0 ? "backfilled" : "received",
      );
  const { clockBefore, clockAfter, agents } = run;
  const t0 = { ns: run.t0Ns, wallNs: run.t0WallNs };
  const facts = { t0, clockBefore, clockAfter, agents, lost: [] };
  return await sealRun({ dataDir, spec: run.spec, spool, facts, salvoVersion: "1.2.3" });
}

test("records that arrive in any order, any number of times, give the same archive", async () => {
  const run = syntheticRun({ agents: 1, participantsPerAgent: 2, ticks: 4 });
  await createOpenRun(dataDir, run.spec);
  const inOrder = [...run.records("vm1")];
  const expected = await filesOf((await seal(run)).summary!.archive);
  const arrivals = fc.shuffledSubarray([...inOrder, ...inOrder], { minLength: 2 * inOrder.length });
  await fc.assert(
    fc.asyncProperty(arrivals, async (shuffled) => {
      await rm(dataDir, { recursive: true });
      await createOpenRun(dataDir, run.spec);
      const { summary } = await seal({ ...run, records: () => asGenerator(shuffled) });
      expect(await filesOf(summary!.archive)).toEqual(expected);
    }),
    { numRuns: 5 },
  );
});

function* asGenerator<T>(values: readonly T[]): Generator<T> {
  yield* values;
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1), await readFile(path, "base64"));
  }
  return files;
}

test("a sealed run has all its files, and sha256sum agrees with every one", async () => {
  const run = syntheticRun({ agents: 2, participantsPerAgent: 1, ticks: 3 });
  await createOpenRun(dataDir, run.spec);
  const manifest = await seal(run);
  const folder = join(dataDir, "runs", "synthetic-1");
  expect(manifest.summary).toMatchObject({ verdict: "complete", archive: folder });
  expect(manifest).toMatchObject({ format: 1, salvoVersion: "1.2.3", t0Ns: run.t0Ns, t0WallNs: run.t0WallNs });
  expect(manifest.streams[0]).toMatchObject({ count: 22, received: 20, backfilled: 2 });
  const names = [
    "cpu.parquet",
    "disk.parquet",
    "events.jsonl",
    "fio/vm1.disk1.json",
    "fio/vm2.disk1.json",
    "net.parquet",
    "samples.parquet",
  ];
  expect(manifest.files.map(({ path }) => path)).toEqual(names);
  expect([...(await filesOf(folder)).keys()].sort()).toEqual(["SHA256SUMS", ...names, "manifest.json"].sort());
  const check = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
  expect([check.status, check.stdout.split("\n").filter((line) => line.endsWith(": OK")).length]).toEqual([0, 8]);
});

test("every sample is a row with its numbers, a tick without I/O too, and its time is the controller's", async () => {
  const run = syntheticRun({ agents: 2, participantsPerAgent: 2, ticks: 3, rampTicks: 0 });
  await createOpenRun(dataDir, run.spec);
  const idle: Edit = (record) => {
    if (record.body.case === "fio" && record.body.value.tick === 2) delete record.body.value.read;
    return record;
  };
  await seal(run, idle);
  const expected: unknown[] = [];
  for (const { id: agent } of run.spec.agents)
    for (const { body } of [...run.records(agent)].map(idle)) {
      if (body.case !== "fio") continue;
      const { participant, tick, runtimeMs, read, write } = body.value;
      expected.push({
        run: "synthetic-1",
        participant,
        agent,
        device: participant.split(".")[1],
        tick,
        t_ns: run.t0WallNs + BigInt(tick) * 1_000_000_000n + 250_000n,
        stalled: false,
        runtime_ms: runtimeMs,
        read_ios: read?.ios ?? 0,
        read_bytes: read?.bytes ?? 0n,
        write_ios: write?.ios,
        write_bytes: write?.bytes,
        read_bins: read?.latency?.bins ?? [],
        read_counts: read?.latency?.counts ?? [],
        write_bins: write?.latency?.bins,
        write_counts: write?.latency?.counts,
        counted_ns: run.t0WallNs + BigInt(tick) * 1_000_000_000n + 300_000n,
      });
    }
  const { rows } = await queryRuns(dataDir, "SELECT * FROM samples ORDER BY agent, tick, participant");
  expect(rows).toEqual(expected);

  const ticks = await queryRuns(dataDir, "SELECT tick FROM samples");
  expect(ticks.rows.map(({ tick }) => tick)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
  const cpu = await queryRuns(dataDir, "SELECT * FROM cpu ORDER BY agent, tick, core LIMIT 1");
  expect(cpu.rows).toEqual([
    {
      run: "synthetic-1",
      agent: "vm1",
      tick: 1,
      t_ns: run.t0WallNs + 1_000_350_000n,
      core: 0,
      user_ms: 100,
      system_ms: 100,
      irq_ms: 0,
      softirq_ms: 50,
      steal_ms: 0,
      idle_ms: 750,
      iowait_ms: 0,
      since_ns: run.t0WallNs,
      gap: false,
    },
  ]);
  const disk = await queryRuns(
    dataDir,
    "SELECT count(*) AS n, sum(reads)::INT AS reads, any_value(in_flight) AS q FROM disk",
  );
  expect(disk.rows).toEqual([{ n: 12n, reads: 2400, q: 16 }]);
});

test("events are lines of JSON by time, all agents together, on the controller's wall clock", async () => {
  const run = syntheticRun({ agents: 2, participantsPerAgent: 1, ticks: 1, rampTicks: 0 });
  await createOpenRun(dataDir, run.spec);
  const { summary } = await seal(run);
  const lines = (await readFile(join(summary!.archive, "events.jsonl"), "utf8")).trimEnd().split("\n");
  const events = lines.map((line): { tNs: string; agent: string; kind: string } => JSON.parse(line));
  expect(events.map(({ agent, kind }) => `${agent} ${kind}`)).toEqual(
    ["armed", "fired", "released", "start", "exited", "final", "end"].flatMap((kind) =>
      kind === "exited"
        ? ["vm1 exited", "vm1 final", "vm2 exited", "vm2 final"]
        : kind === "final"
          ? []
          : [`vm1 ${kind}`, `vm2 ${kind}`],
    ),
  );
  expect(events[4]?.tNs).toBe(String(run.t0WallNs));
});

test("sealing again after a crash in the middle gives the same files, byte by byte", async () => {
  const run = syntheticRun({ agents: 3, participantsPerAgent: 2, ticks: 20 });
  await createOpenRun(dataDir, run.spec);
  const { summary } = await seal(run);
  const first = await filesOf(summary!.archive);
  await rm(summary!.archive, { recursive: true });
  const draft = archiveDraft(openRunFolder(dataDir, run.spec.run));
  await mkdir(join(draft, "fio"), { recursive: true });
  await writeFile(join(draft, "samples.parquet"), "half");
  await writeFile(join(draft, "fio", "left-over.json"), "{}");
  await seal(run);
  expect(await filesOf(summary!.archive)).toEqual(first);
});

test("sealing a sealed run changes nothing and returns its manifest", async () => {
  const run = syntheticRun({ ticks: 2 });
  await createOpenRun(dataDir, run.spec);
  const first = await seal(run);
  const files = await filesOf(first.summary!.archive);
  const other = syntheticRun({ ticks: 2, binsPerSample: 3 });
  expect(await seal(other)).toEqual(first);
  expect(await filesOf(first.summary!.archive)).toEqual(files);
  await discardOpenRun(dataDir, run.spec.run);
  expect(await readdir(join(dataDir, "runs", ".open"))).toEqual([]);
});

test("a run whose window is not the planned one is measured in its own", async () => {
  const run = syntheticRun({ agents: 1, participantsPerAgent: 1, rampTicks: 1, ticks: 4 });
  await createOpenRun(dataDir, run.spec);
  const late: Edit = (record) => {
    if (record.body.case === "start") record.body.value.latestNs += 2_500_000_000n;
    return record;
  };
  const { summary } = await seal(run, late);
  expect(summary?.window).toMatchObject({ firstTick: 3, lastTick: 5 });
  const { rows } = await queryRuns(dataDir, "SELECT sum(read_ios + write_ios) / 2 AS iops FROM samples WHERE tick > 3");
  expect(summary?.totals?.iops).toBe(rows[0]?.["iops"]);
});

test("what keeps an agent and its fio from CPUs is among the events, the agent's own too", async () => {
  const run = syntheticRun({ agents: 1, participantsPerAgent: 1, ticks: 1 });
  await createOpenRun(dataDir, run.spec);
  const quotas = [
    { cgroup: "/a", quotaUs: 30_000n, periodUs: 100_000n, periods: 9n, throttledPeriods: 7n, throttledUs: 5n },
  ];
  const limited: Edit = (record) => {
    if (record.body.case !== "event") return record;
    const value = create(CpuLimitSchema, { participant: record.body.value.participant, over: true, quotas });
    return { ...record, body: { case: "cpuLimit", value } };
  };
  const { summary } = await seal(run, limited);
  expect(summary?.verdict).toBe("complete");
  expect(summary?.warnings).toEqual([
    expect.stringMatching(/^fio of vm1\.disk1 may use 0\.3 cores .*stopped in 7 of 9 periods/),
  ]);
  const lines = (await readFile(join(summary!.archive, "events.jsonl"), "utf8")).trim().split("\n");
  const told = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "cpu-limit");
  expect(new Set(told.map(({ participant }) => participant))).toEqual(new Set(["", "vm1.disk1"]));
  expect(told[0]).toMatchObject({ over: true, quotas: [{ cgroup: "/a", quotaUs: 30_000, throttledPeriods: 7 }] });
});

test("a record of somebody else's participant is left out and noted, and keeps no run from being sealed", async () => {
  const run = syntheticRun({ agents: 1, ticks: 1 });
  await createOpenRun(dataDir, run.spec);
  const stranger: Edit = (record) => {
    if (record.body.case === "final") record.body.value.participant = "../../../etc/passwd";
    return record;
  };
  const { summary, notes } = await seal(run, stranger);
  expect(summary).toMatchObject({ verdict: "incomplete", reason: "records of vm1 are missing" });
  expect(notes).toContainEqual(
    expect.stringMatching(/^2 records of vm1 are left out: each names a participant .* "..\/..\/..\/etc\/passwd"\)$/),
  );
  expect(await readdir(join(summary!.archive, "fio"))).toEqual([]);
});

/** What a hostile agent may put into its own records; each keeps its number. */
const ALTERATIONS: Readonly<globalThis.Record<string, (record: Record) => void>> = {
  "a bin that fio does not have": ({ body }) => {
    if (body.case === "fio" && body.value.tick === 3) body.value.read!.latency!.bins[0] = 100_000;
  },
  "three bins with two counts": ({ body }) => {
    if (body.case === "fio" && body.value.tick === 3) body.value.read!.latency!.counts.pop();
  },
  "a tick beyond the plan": ({ body }) => {
    if (body.case === "cpu" || body.case === "disk") body.value.tick = 4_000_000_000;
  },
  "a time that no clock shows": (record) => {
    if (record.body.case === "cpu") record.atNs = -(2n ** 62n);
  },
  "somebody else's participant": ({ body }) => {
    if (body.case === "start") body.value.participant = "vm1.disk1";
  },
};

test.for(Object.entries(ALTERATIONS))(
  "an agent whose records have %s: the run is sealed as incomplete, the note names the agent, and the others are whole",
  async ([, alter]) => {
    const run = syntheticRun({ agents: 2, participantsPerAgent: 1, ticks: 6, rampTicks: 0 });
    await createOpenRun(dataDir, run.spec);
    const honest = [...run.records("vm1")];
    const { summary, notes, streams, participants } = await seal({
      ...run,
      *records(agent) {
        for (const record of run.records(agent)) {
          if (agent === "vm2") alter(record);
          yield record;
        }
      },
    });
    expect(summary).toMatchObject({ verdict: "incomplete", reason: expect.stringContaining("vm2") });
    expect(notes).toContainEqual(expect.stringMatching(/records? of vm2 (is|are) left out/));
    expect(notes.join()).not.toMatch(/of vm1 (is|are) left out/);
    expect(streams.find(({ agent }) => agent === "vm1")).toMatchObject({ count: honest.length, missing: 0 });
    expect(participants.find(({ id }) => id === "vm1.disk1")?.totals?.iops).toBeGreaterThan(0);
    const { rows } = await queryRuns(dataDir, "SELECT count(*)::INT AS n FROM samples WHERE agent = 'vm1'");
    expect(rows).toEqual([{ n: 6 }]);
  },
);

test("of samples that an agent tells twice one counts, and those from before its clock was known do not", async () => {
  const run = syntheticRun({ agents: 2, participantsPerAgent: 1, ticks: 3, rampTicks: 0 });
  await createOpenRun(dataDir, run.spec);
  const twice: Edit = (record) => {
    if (record.body.case === "fio") record.body.value.tick = 1;
    return record;
  };
  const { summary, notes } = await seal({ ...run, clockBefore: run.clockBefore.slice(0, 1), clockAfter: [] }, twice);
  expect(summary?.verdict).toBe("incomplete");
  expect(notes).toContainEqual(expect.stringMatching(/^2 records of vm1 are left out: each tells once more/));
  expect(notes).toContainEqual(
    expect.stringMatching(/^9 records of vm2 are left out: each is a sample from before the agent's clock was known/),
  );
  const { rows } = await queryRuns(dataDir, "SELECT agent, tick FROM samples");
  expect(rows).toEqual([{ agent: "vm1", tick: 1 }]);
});

test("a spool that a controller without these rules left behind is sealed all the same", async () => {
  const run = syntheticRun({ agents: 1, participantsPerAgent: 1, ticks: 3, rampTicks: 0 });
  const place = join(spoolFolder(await createOpenRun(dataDir, run.spec)));
  await mkdir(place);
  {
    await using journal = await openJournal(join(place, "vm1.journal"));
    const batch = createBatch(journal);
    for (const { seq, payload } of run.payloads("vm1")) batch.add({ seq, payload, source: "received" });
    batch.add({ seq: 100, payload: Uint8Array.of(0xff, 0xff), source: "received" });
    batch.add({ seq: 2 ** 28, payload: Uint8Array.of(8, 1), source: "received" });
    batch.append();
  }
  const { summary, notes } = await seal({ ...run, *records() {} });
  expect(summary).toMatchObject({ verdict: "complete" });
  expect(notes).toEqual([
    expect.stringMatching(/^1 record of vm1 is left out: it cannot be decoded \(record 100: /),
    expect.stringMatching(/^1 record of vm1 is left out: it has another number than its message \(record 268435456: /),
  ]);
});

test("an agent that says far more besides its samples than there is to say keeps no run from being sealed", async () => {
  const run = syntheticRun({ agents: 1, participantsPerAgent: 1, ticks: 4 });
  const longer = { ...run, spec: { ...run.spec, workload: { ...run.spec.workload!, durationMs: 1_600_000 } } };
  await createOpenRun(dataDir, longer.spec);
  await using spool = await openSpool(spoolFolder(openRunFolder(dataDir, longer.spec.run)), longer.spec);
  // In JSON each of these characters is six; no text may have as many as all of them together.
  const text = "\u0001".repeat(128 * 1024);
  const { atNs } = [...run.records("vm1")].find(({ body }) => body.case === "fio")!;
  for (let seq = 1; seq <= 800; seq++) {
    const record = create(RecordSchema, { seq, atNs, body: { case: "event", value: { text } } });
    expect(spool.add("vm1", seq, toBinary(RecordSchema, record), seq % 2 ? "received" : "backfilled")).toBeDefined();
    await spool.room("vm1");
  }
  const t0 = { ns: run.t0Ns, wallNs: run.t0WallNs };
  const facts = { t0, clockBefore: run.clockBefore, clockAfter: run.clockAfter, agents: run.agents, lost: [] };
  const { notes } = await sealRun({ dataDir, spec: longer.spec, spool, facts, salvoVersion: "1.2.3" });
  expect(notes).toContainEqual(
    expect.stringMatching(/^737 records of vm1 are left out: each is more than an agent may say besides its samples/),
  );
}, 60_000);
