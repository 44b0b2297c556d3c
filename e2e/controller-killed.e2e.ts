/** The controller is killed in every phase of a run, and started again. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Phase } from "@salvo/controller/domain/phases.ts";
import { archiveDraft, runFolder } from "@salvo/controller/store/layout.ts";
import { readManifest } from "@salvo/controller/store/runs.ts";
import { expect, test, vi } from "vitest";
import { type Lab, type RanStudy, type RunLine, quick, ranStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { lookAtOpenRun, openRunNames, type OpenRun, untilOpenRun } from "./open-run.ts";
import type { TestProcess } from "./process.ts";
import { slowFio } from "./slow-fio.ts";

const TWO = { workloads: [{ ...quick, duration: "2s" }] };
/** Some phases last for milliseconds: one that was missed is tried again. */
const TRIES = 8;

test("killed in preflight: nothing was armed, the run is aborted", async () => {
  await using lab = await startLab({ agents: 2 });
  await untilHit("preflight", lab, async (cli) => {
    await untilOpenRun(lab.dataDir, isIn("preflight"));
    process.kill(lab.agents[1]!.pid, "SIGSTOP"); // it will not say how it is
    await killed(cli);
    process.kill(lab.agents[1]!.pid, "SIGCONT");
  });
  for (const agent of lab.agents) expect(await agent.runs()).toEqual([]);
  expectNothingStarted(await resume(lab));
  await lab.nothingLeft();
});

test("killed while arming: the fio that waits at its gate is gone before anybody resumes", async () => {
  await using slow = await slowFio();
  await using lab = await startLab({ agents: [{ fio: slow.path }, {}] });
  const cli = await lab.startStudy(TWO);
  await untilOpenRun(lab.dataDir, did("arm", "guest2"));
  expect(lab.agents[1]!.fioPids()).not.toEqual([]);
  await kill(cli, lab, "arming");
  await untilDisarmed(lab);
  expectNothingStarted(await resume(lab));
  await lab.nothingLeft();
});

test("killed while the clocks are measured: armed fio is gone before anybody resumes", async () => {
  await using slow = await slowFio();
  await using lab = await startLab({ agents: [{ fio: slow.path }, {}] });
  const cli = await lab.startStudy(TWO);
  await untilOpenRun(lab.dataDir, did("arm", "guest2"));
  process.kill(lab.agents[1]!.pid, "SIGSTOP"); // its clock cannot be measured
  await slow.goOn();
  await untilOpenRun(lab.dataDir, isIn("clock"));
  await kill(cli, lab, "clock");
  process.kill(lab.agents[1]!.pid, "SIGCONT");
  await untilDisarmed(lab);
  expectNothingStarted(await resume(lab));
  await lab.nothingLeft();
});

test("killed while T0 is agreed on: nobody starts", async () => {
  await using lab = await startLab({ agents: 3 });
  await untilHit("firing", lab, async (cli) => {
    await untilOpenRun(lab.dataDir, ({ events }) => events.some(({ type }) => type === "clock"));
    process.kill(lab.agents[0]!.pid, "SIGSTOP"); // it will not acknowledge
    await untilOpenRun(lab.dataDir, isIn("firing"));
    await killed(cli);
    process.kill(lab.agents[0]!.pid, "SIGCONT");
    await untilDisarmed(lab);
  });
  expectNothingStarted(await resume(lab));
  await lab.nothingLeft();
});

test("killed when T0 is agreed on and has not come: nobody starts", async () => {
  await using lab = await startLab({ agents: 2 });
  await untilHit("running", lab, async (cli) => {
    const { state } = await untilOpenRun(lab.dataDir, isIn("running"));
    await killed(cli);
    const early = process.hrtime.bigint() < state.t0Ns!;
    await untilDisarmed(lab);
    return early;
  });
  expectNothingStarted(await resume(lab));
  await lab.nothingLeft();
});

test("killed in mid-run: the run goes on and is complete, executed once, with every sample", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy(TWO);
  await untilOpenRun(lab.dataDir, ({ state }) => [...state.agents.values()].every(({ started }) => started));
  await kill(cli, lab, "running");
  for (const agent of lab.agents) expect(agent.fioPids()).not.toEqual([]);
  expectComplete(await resume(lab));
  await lab.nothingLeft();
});

test("killed in mid-run and resumed long after its end: the run is complete", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy(TWO);
  await untilOpenRun(lab.dataDir, ({ state }) => [...state.agents.values()].every(({ started }) => started));
  await kill(cli, lab, "running");
  for (const agent of lab.agents) await agent.reached("ENDED");
  expectComplete(await resume(lab));
  await lab.nothingLeft();
});

test("killed while the clocks are measured again: the run is complete", async () => {
  await using lab = await startLab({ agents: 3 });
  await untilHit("clock-again", lab, async (cli) => {
    await untilOpenRun(lab.dataDir, isIn("clock-again"));
    await killed(cli);
  });
  expectComplete(await resume(lab));
  await lab.nothingLeft();
});

test("killed while records are collected: the run is complete", async () => {
  await using lab = await startLab({ agents: 3 });
  await untilHit("collecting", lab, async (cli) => {
    await untilOpenRun(lab.dataDir, ({ state }) => state.agents.get("guest1")?.clockAfter !== undefined);
    process.kill(lab.agents[0]!.pid, "SIGSTOP"); // it will not hand out its records
    await untilOpenRun(lab.dataDir, isIn("collecting"));
    await killed(cli);
    process.kill(lab.agents[0]!.pid, "SIGCONT");
  });
  expectComplete(await resume(lab));
  await lab.nothingLeft();
});

for (const written of ["fio", "samples.parquet", "manifest.json"] as const) {
  test(`killed while the run is sealed, ${written} being there: the archive is whole or absent, then whole`, async () => {
    await using lab = await startLab({ agents: 2 });
    const cli = await lab.startStudy(TWO);
    const { run, folder } = await untilOpenRun(lab.dataDir, isIn("sealing"));
    const sealed = runFolder(lab.dataDir, run);
    const draft = archiveDraft(folder);
    await vi.waitUntil(() => existsSync(join(draft, written)) || existsSync(sealed), { timeout: 30_000, interval: 1 });
    await killed(cli);
    if (existsSync(sealed)) await readManifest(lab.dataDir, run); // checks every file
    else expect((await lookAtOpenRun(lab.dataDir))?.state.phase).toBe("sealing");
    for (const agent of lab.agents) expect((await agent.runs()).map((each) => each.run)).toEqual([run]);
    expectComplete(await resume(lab));
    await readManifest(lab.dataDir, run);
    await lab.nothingLeft();
  });
}

test("killed while the agents are released: the run is sealed already, and they are released", async () => {
  await using lab = await startLab({ agents: 2 });
  await untilHit("releasing", lab, async (cli) => {
    await untilOpenRun(lab.dataDir, isIn("sealing"));
    process.kill(lab.agents[0]!.pid, "SIGSTOP"); // it cannot be released
    const { run } = await untilOpenRun(lab.dataDir, isIn("releasing"));
    await killed(cli);
    await readManifest(lab.dataDir, run);
  });
  expectComplete(await resume(lab));
  await lab.nothingLeft();
});

test("salvo run brings what was left open to its end before it begins", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy(TWO);
  const { run } = await untilOpenRun(lab.dataDir, ({ state }) => state.agents.get("guest1")?.started === true);
  await kill(cli, lab, "running");
  const ran = await lab.runStudy({});
  expect(expectAllThere(ran, 2)[0]!.run).toBe(run);
  await lab.nothingLeft();
});

function isIn(phase: Phase): (run: OpenRun) => boolean {
  return ({ state }) => state.phase === phase;
}

function did(what: string, agent: string): (run: OpenRun) => boolean {
  return ({ events }) => events.some((event) => event.type === "did" && event.what === what && event.agent === agent);
}

async function kill(cli: TestProcess, lab: Lab, phase: Phase): Promise<void> {
  await killed(cli);
  expect((await lookAtOpenRun(lab.dataDir))?.state.phase).toBe(phase);
}

async function killed(cli: TestProcess): Promise<void> {
  cli.kill("SIGKILL");
  expect((await cli.ended).signal).toBe("SIGKILL");
}

/** Kills by `attempt`, again and again until the log stops in that phase and the attempt does not say otherwise. */
async function untilHit(phase: Phase, lab: Lab, attempt: (cli: TestProcess) => Promise<boolean | void>): Promise<void> {
  const missed: unknown[] = [];
  while (missed.length < TRIES) {
    await using cli = await lab.startStudy(TWO);
    try {
      const hit = await attempt(cli);
      const found = (await lookAtOpenRun(lab.dataDir))?.state.phase;
      if (hit !== false && found === phase) return;
      missed.push(found);
    } catch (error) {
      missed.push(error);
    } finally {
      for (const agent of lab.agents) process.kill(agent.pid, "SIGCONT");
    }
    await cli.stop();
    await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir]);
    await lab.nothingLeft();
  }
  throw new AggregateError(missed, `${phase} was missed ${TRIES} times: ${missed.join(", ")}`);
}

/** Without any controller. */
async function untilDisarmed(lab: Lab): Promise<void> {
  for (const agent of lab.agents) {
    await agent.reached("ENDED");
    expect(agent.fioPids()).toEqual([]);
  }
}

async function resume(lab: Lab): Promise<RanStudy> {
  return ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
}

function only({ runs, stderr }: RanStudy): RunLine {
  expect(runs, stderr).toHaveLength(1);
  return runs[0]!;
}

function expectNothingStarted(resumed: RanStudy): void {
  const line = only(resumed);
  expect(line).toMatchObject({ verdict: "aborted", startSpreadMs: null, window: null, totals: null });
  expect(resumed.exitCode).toBe(5);
  expect(eventsIn(line).filter((kind) => kind === "released")).toEqual([]);
}

function expectComplete(resumed: RanStudy): void {
  const line = expectAllThere(resumed)[0]!;
  const agents = line["participants"] as number;
  for (const once of ["fired", "released", "end"])
    expect(eventsIn(line).filter((kind) => kind === once)).toHaveLength(agents);
  expect(openRunNames(join(line.archive, "..", ".."))).toEqual([]);
}

/** The kinds of all that happened, from every agent's own journal. */
function eventsIn({ archive }: RunLine): string[] {
  const lines = readFileSync(join(archive, "events.jsonl"), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
}
