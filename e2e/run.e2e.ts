import { spawnSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { quick, startLab, type Lab } from "./lab.ts";

/** Long enough for a busy machine's fio to answer within. */
const interval = "500ms";
const twoSeconds = { ...quick, duration: "2s" };

// Again on a machine that is too busy for fio to answer in time: the verdict rightly says so.
test("agents with one device and with two run: complete, archived, and the agents are free", { retry: 4 }, async () => {
  await using lab = await startLab({ agents: [{}, { devices: 2 }, {}] });
  const { runs, exitCode, stderr } = await lab.runStudy({ interval, workloads: [twoSeconds] });
  expect(runs, stderr).toHaveLength(1);
  const [run] = runs;
  expect(Object.keys(run!).join(" ")).toBe(
    "run study scenario workload repeat verdict reason participants startSpreadMs clockBoundUs window totals samples archive startBoundUs warnings content cpuCost findings settings tags",
  );
  expect(run).toMatchObject({
    study: "bench",
    scenario: "local",
    workload: "quick",
    repeat: 1,
    participants: 4,
    verdict: "complete",
    reason: "everything planned was measured and is here",
    window: { firstTick: 0, lastTick: 4 },
    startSpreadMs: { max: expect.any(Number) },
    totals: { latencyUs: { p50: expect.any(Number), p99: expect.any(Number) } },
  });
  expect(exitCode).toBe(0);
  // Started together at all, not: how tightly. That is measured in bench/.
  const { startSpreadMs, samples } = run as unknown as {
    startSpreadMs: { max: number };
    samples: Record<"expected" | "received" | "backfilled" | "missing", number>;
  };
  expect(startSpreadMs.max).toBeLessThan(250);
  // Of 4 ticks: fio by participant, CPU and network by agent, and disk by participant where there is a disk below.
  expect([4 * 10, 4 * 14]).toContain(samples.expected);
  expect(samples).toMatchObject({ missing: 0, received: samples.expected - samples.backfilled });

  await isArchived(lab, run!.archive);
  await lab.nothingLeft();
});

async function isArchived(lab: Lab, archive: string): Promise<void> {
  const participants = ["guest1.disk1", "guest2.disk1", "guest2.disk2", "guest3.disk1"];
  expect((await readdir(archive)).toSorted().join(" ")).toBe(
    "SHA256SUMS cpu.parquet disk.parquet events.jsonl fio manifest.json net.parquet samples.parquet",
  );
  expect((await readdir(join(archive, "fio"))).toSorted()).toEqual(participants.map((id) => `${id}.json`));
  const checked = spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: archive, encoding: "utf8" });
  expect(checked.status, checked.stderr).toBe(0);
  expect(checked.stdout.trim().split("\n").length).toBe(6 + participants.length);

  const sums = await lab.query(
    `SELECT participant, count(*)::INT AS ticks, sum(read_ios)::INT AS ios, sum(read_bytes)::INT AS bytes,
       bool_and(coalesce(runtime_ms > previous, true)) AS forward
     FROM (SELECT *, lag(runtime_ms) OVER (PARTITION BY participant ORDER BY tick) AS previous FROM samples)
     GROUP BY participant ORDER BY participant`,
  );
  expect(sums.map(({ participant }) => participant)).toEqual(participants);
  for (const { participant, ticks, ios, bytes, forward } of sums) {
    expect({ participant, ticks, forward }).toEqual({ participant, ticks: 4, forward: true });
    const read = await finalRead(join(archive, "fio", `${String(participant)}.json`));
    // fio's own total has the tail as well, 300 of 2300 ms.
    expect(read.total_ios).toBeGreaterThan(Number(ios));
    expect(Number(ios)).toBeGreaterThan(read.total_ios / 2);
    // fio copies its counters one after another while its job goes on, for as long as a busy host keeps it waiting in between.
    expect(Math.abs(Number(bytes) / 4096 - Number(ios))).toBeLessThan(Number(ios) / 10);
    expect(read.io_bytes).toBe(read.total_ios * 4096);
  }
}

async function finalRead(file: string): Promise<{ total_ios: number; io_bytes: number }> {
  const { jobs }: { jobs: { read: { total_ios: number; io_bytes: number } }[] } = JSON.parse(
    await readFile(file, "utf8"),
  );
  expect(jobs).toHaveLength(1);
  return jobs[0]!.read;
}

test("a tick without I/O has its sample, of 0 and marked, and the I/O that comes is in a later one", async () => {
  await using lab = await startLab({ agents: 1 });
  // fio 3.33 sleeps between the I/Os of a limited job, and answers when it wakes.
  const rare = { ...quick, name: "rare", rateIopsPerJob: 3, queueDepth: 1, duration: "2s" };
  const { runs, exitCode, stderr } = await lab.runStudy({ interval: "100ms", workloads: [rare] });
  expect(runs[0], stderr).toMatchObject({ verdict: "degraded", samples: { missing: 0 } });
  expect(exitCode).toBe(3);
  const samples = await lab.query("SELECT tick::INT AS tick, read_ios::INT AS ios, stalled FROM samples ORDER BY tick");
  expect(samples.map(({ tick }) => tick)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  const without = samples.filter(({ ios }) => ios === 0);
  expect(without.length).toBeGreaterThanOrEqual(10);
  for (const { ios } of samples.filter(({ stalled }) => stalled)) expect(ios).toBe(0);
  const { total_ios: all } = await finalRead(join(runs[0]!.archive, "fio", "guest1.disk1.json"));
  const sampled = samples.reduce((sum, { ios }) => sum + Number(ios), 0);
  expect(sampled).toBeGreaterThanOrEqual(4);
  expect(sampled).toBeLessThanOrEqual(all);
});

test("every cell of the matrix is run once before any is repeated, and --only, --seconds and --repeats choose", async () => {
  await using lab = await startLab({ agents: 2 });
  const one = { agent: "guest1", device: "disk1" };
  const study = {
    interval,
    repeats: 2,
    scenarios: [
      { name: "alone", participants: [one] },
      { name: "both", participants: [one, { agent: "guest2", device: "disk1" }] },
    ],
    workloads: [quick, { ...quick, name: "writes", pattern: "write", duration: "60s" }],
  };
  const all = await lab.runStudy(study, ["--seconds", "1"]);
  const cells = all.runs.map(({ scenario, workload, repeat, participants, window }) => ({
    cell: `${scenario}/${workload} ${repeat}`,
    participants,
    window,
  }));
  expect(cells.map(({ cell }) => cell)).toEqual(
    [1, 2].flatMap((repeat) =>
      ["alone/quick", "alone/writes", "both/quick", "both/writes"].map((c) => `${c} ${repeat}`),
    ),
  );
  for (const { cell, participants, window } of cells) {
    expect({ cell, participants }).toEqual({ cell, participants: cell.startsWith("alone") ? 1 : 2 });
    expect(window).toMatchObject({ lastTick: 2 });
  }
  const some = await lab.runStudy(study, ["--seconds", "1", "--repeats", "1", "--only", "b*/w?ites"]);
  expect(some.runs).toMatchObject([{ scenario: "both", workload: "writes", repeat: 1 }]);
  const none = await lab.runStudy(study, ["--only", "*/nothing"]);
  expect(none).toMatchObject({ runs: [], exitCode: 2 });
  expect(none.stderr).toContain("*/nothing");
  await lab.nothingLeft();
});
