import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { expect, test, vi } from "vitest";
import type { LabAgent } from "./agent.ts";
import { type Lab, quick, ranStudy, startLab, type RunLine, type WorkloadShape } from "./lab.ts";

/** Ticks of half a second: a stall is more than two of them. */
const interval = "500ms";
const workload = { ...quick, duration: "10s" };
const { rateIopsPerJob: _, ...unlimited } = quick;
/** Without a limit of its rate fio has I/Os in flight whenever it is stopped. */
const inFlight = { ...unlimited, queueDepth: 8, duration: "10s" };
/** So many ticks of the other agent's make 3 s and a little. */
const STOPPED_TICKS = 7;

/** Resolves when the agent has taken that tick. */
async function tickOf(agent: LabAgent, tick: number): Promise<number> {
  return vi.waitUntil(
    async () => {
      const [run] = await agent.runs();
      return run !== undefined && run.tick >= tick && run.tick;
    },
    { timeout: 60_000, interval: 10 },
  );
}

/** Stops processes of the second agent for 3 s in mid-run. */
async function ranWith(
  lab: Lab,
  load: WorkloadShape,
  victims: (agent: LabAgent) => readonly number[],
): Promise<RunLine> {
  const [other, stopped] = lab.agents;
  const salvo = await lab.startStudy({ interval, workloads: [load] });
  const tick = await tickOf(other!, 4);
  const pids = victims(stopped!);
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await tickOf(other!, tick + STOPPED_TICKS);
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
  const ended = ranStudy(await salvo.ended);
  expect(ended.runs, ended.stderr).toHaveLength(1);
  expect(ended.exitCode).toBe(3);
  await lab.nothingLeft();
  return ended.runs[0]!;
}

test("a fio that is stopped for 3 s makes the run degraded, and summary, totals and SQL tell who and how long", async () => {
  await using lab = await startLab({ agents: 2 });
  const run = await ranWith(lab, inFlight, (agent) => agent.fioPids());
  expect(run).toMatchObject({ verdict: "degraded", samples: { missing: 0 } });
  expect(run.reason).toMatch(
    /fio of guest2\.disk1 did not answer for [2-4]\.\d s, at ticks \d+ to \d+.*; the totals contain this stall/,
  );
  // I/Os that were in flight at the stop took as long as that.
  const { summary } = await loadManifest(run.archive);
  expect(summary?.totals?.stalledSeconds).toBeGreaterThan(2);
  expect(summary?.totals?.latencyUs?.max).toBeGreaterThan(2_500_000);
  const [row] = await lab.query("SELECT max_us, stalled_seconds, verdict FROM runs");
  expect(row).toEqual({
    max_us: summary?.totals?.latencyUs?.max,
    stalled_seconds: summary?.totals?.stalledSeconds,
    verdict: "degraded",
  });
});

test("an agent that is stopped for 3 s makes the run degraded, though its fio went on", async () => {
  await using lab = await startLab({ agents: 2 });
  const run = await ranWith(lab, workload, (agent) => [agent.pid]);
  expect(run).toMatchObject({ verdict: "degraded", samples: { missing: 0 } });
  expect(run.reason).toMatch(
    /agent guest2 stood still for [2-4]\.\d s: it took ticks \d+ to \d+ late.*; the totals contain this stall/,
  );
  const { summary } = await loadManifest(run.archive);
  expect(summary?.totals?.stalledSeconds).toBeGreaterThan(2);
});
