/** Agents that are away when a run is resumed, collected or released. */
import { REFUSED_WAIT_MS } from "@salvo/controller/domain/collecting.ts";
import { expect, test } from "vitest";
import { type Lab, quick, type RanStudy, ranStudy, startLab } from "./lab.ts";
import { expectAllThere, samplesOf } from "./measured.ts";
import { untilOpenRun } from "./open-run.ts";

const MID_RUN = { workloads: [{ ...quick, duration: "4s" }] };
/** What comes on top of waiting for records: starting, noticing the loss, stopping the others, sealing, releasing. */
const REST_MS = 25_000;

test("an agent started anew after its run had ended: nothing is missing", async () => {
  await using lab = await killedInMidRun({});
  for (const agent of lab.agents) await agent.reached("ENDED");
  await lab.agents[1]!.kill();
  await lab.agents[1]!.restart();
  expectAllThere(await resume(lab));
  await lab.nothingLeft();
});

test("an agent killed in mid-run with the controller, and started anew: aborted, what it had measured is there", async () => {
  await using lab = await killedInMidRun({});
  await lab.agents[1]!.kill();
  await lab.agents[1]!.restart();
  const { runs, exitCode, stderr } = await resume(lab);
  expect(runs, stderr).toHaveLength(1);
  expect(runs[0]).toMatchObject({
    verdict: "aborted",
    reason: "guest2: the agent was ended in the middle of the run",
    samples: { missing: 0 },
  });
  expect(await participantsIn(lab)).toEqual(["guest1.disk1", "guest2.disk1"]);
  expect(exitCode).toBe(5);
  await lab.nothingLeft();
});

test("an agent gone for good in mid-run, policy abort: the resumed run ends in bounded time and says who", async () => {
  await using lab = await killedInMidRun({});
  await lab.agents[1]!.kill();
  const began = performance.now();
  const { runs, exitCode, stderr } = await resume(lab);
  expect(performance.now() - began).toBeLessThan(REFUSED_WAIT_MS + REST_MS);
  expect(runs, stderr).toHaveLength(1);
  expect(runs[0]).toMatchObject({ verdict: "aborted", reason: expect.stringMatching(/^guest2: the agent is lost/) });
  expect(await participantsIn(lab)).toContain("guest1.disk1");
  expect(exitCode).toBe(5);
  expect(await lab.agents[0]!.runs()).toEqual([]);
  expect(lab.agents[0]!.fioPids()).toEqual([]);
});

test("an agent gone for good in mid-run, policy continue: the others' figures are there, and what is missing is said", async () => {
  await using lab = await killedInMidRun({ onLoss: "continue" });
  await lab.agents[1]!.kill();
  const began = performance.now();
  const { runs, exitCode, stderr } = await resume(lab);
  expect(performance.now() - began).toBeLessThan(REFUSED_WAIT_MS + REST_MS);
  expect(runs, stderr).toHaveLength(1);
  expect(["degraded", "incomplete"], runs[0]!.reason).toContain(runs[0]!.verdict);
  expect(runs[0]!.reason).toContain("guest2");
  expect(runs[0]!["totals"]).not.toBeNull();
  expect(exitCode).toBe(3);
  expect(await lab.agents[0]!.runs()).toEqual([]);
});

test("an agent away while records are collected: incomplete; it comes back and has forgotten nothing", async () => {
  await using lab = await startLab({ agents: 2, natsUrl: "nats://127.0.0.1:9" });
  const guest = lab.agents[1]!;
  const cli = await lab.startStudy({ workloads: [quick] });
  await untilOpenRun(lab.dataDir, ({ state }) => state.agents.get("guest2")?.end !== undefined);
  process.kill(guest.pid, "SIGSTOP");
  const { run } = await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "sealing");
  process.kill(guest.pid, "SIGCONT"); // in time to be told to forget the run
  const { runs, exitCode, stderr } = ranStudy(await cli.ended);
  expect(runs, stderr).toHaveLength(1);
  expect(runs[0]).toMatchObject({ verdict: "incomplete", reason: expect.stringContaining("guest2") });
  expect(samplesOf(runs[0]!).missing).toBeGreaterThan(0);
  expect(exitCode).toBe(3);
  expect((await guest.runs()).map((each) => each.run)).toEqual([run]);
  expect(await lab.agents[0]!.runs()).toEqual([]);
  expectAllThere(await lab.runStudy({}));
});

async function killedInMidRun(options: { readonly onLoss?: "abort" | "continue" }): Promise<Lab> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await startLab({ agents: 2, ...options }));
  const cli = await lab.startStudy(MID_RUN);
  await untilOpenRun(lab.dataDir, ({ state }) => [...state.agents.values()].every(({ started }) => started));
  await cli.said(/tick [1-9]/); // samples have come
  cli.kill("SIGKILL");
  await cli.ended;
  undo.move();
  return lab;
}

async function resume(lab: Lab): Promise<RanStudy> {
  return ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
}

async function participantsIn(lab: Lab): Promise<unknown[]> {
  const rows = await lab.query("SELECT DISTINCT participant FROM samples WHERE read_ios > 0 ORDER BY 1");
  return rows.map(({ participant }) => participant);
}
