import { join } from "node:path";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { expect, test, vi } from "vitest";
import type { LabAgent } from "./agent.ts";
import { fakeFio } from "./fake-fio.fixture.ts";
import { type Lab, long, quick, ranStudy, type RanStudy, startLab } from "./lab.ts";
import type { TestProcess } from "./process.ts";

/** Kills an agent; its fio must be gone at once. How many records are in its journal then: none, perhaps, right after arming. */
async function killAgent(agent: LabAgent): Promise<number> {
  expect(agent.fioPids().length).toBeGreaterThan(0);
  const [run] = await agent.runs();
  await agent.kill("SIGKILL");
  await vi.waitFor(() => expect(agent.fioPids()).toEqual([]), { timeout: 2_000, interval: 10 });
  let records = 0;
  for await (const _ of readJournal(join(agent.dataDir, "runs", run!.run, "journal"))) records++;
  return records;
}

/** All that was in the killed agent's journal is in the archive, and one record more, which says that it was cut off. */
async function keptAll({ runs: [run] }: RanStudy, agent: LabAgent, records: number): Promise<void> {
  const { streams } = await loadManifest(run!.archive);
  const stream = streams.find((each) => each.agent === agent.id);
  if (run!["window"] !== null) expect(records).toBeGreaterThan(10);
  expect(stream).toMatchObject({ count: records + 1, lastSeq: records + 1, missing: 0 });
  expect(run).toMatchObject({ samples: { missing: 0 } });
}

/** On a busy machine an agent may be back later than anybody waited for it: then salvo resume has the rest. */
async function end(salvo: TestProcess, lab: Lab): Promise<RanStudy> {
  const { exitCode, ...ended } = ranStudy(await salvo.ended);
  expect(ended.runs, ended.stderr).toHaveLength(1);
  const held = (await Promise.all(lab.agents.map((agent) => agent.runs()))).flat();
  const later = held.length > 0 ? await resume(lab) : ended;
  expect(later.runs, later.stderr).toHaveLength(1);
  await lab.nothingLeft();
  return { ...ended, ...later, exitCode };
}

async function resume(lab: Lab): Promise<RanStudy> {
  return ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
}

async function lastTicks(lab: Lab): Promise<Record<string, number>> {
  const rows = await lab.query("SELECT agent, max(tick)::INT AS last FROM samples GROUP BY agent");
  return Object.fromEntries(rows.map(({ agent, last }) => [String(agent), Number(last)]));
}

test("an agent that is killed while it is armed: nobody starts", async () => {
  await using fio = await fakeFio();
  await using lab = await startLab({ agents: [{}, { fio: fio.path }], onLoss: "continue" });
  const [armed, arming] = lab.agents;
  await fio.runs("hangs before its gate"); // so the other one stays armed
  const salvo = await lab.startStudy({});
  await arming!.reached("ARMING");
  await armed!.reached("ARMED");
  const records = await killAgent(armed!);
  await armed!.restart();
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/^guest1: the agent is lost/), window: null },
  ]);
  expect(ended.exitCode).toBe(5);
  await keptAll(ended, armed!, records);
});

// Again when the machine is so busy that the kill comes after T0.
test("an agent that is killed between Fire and T0: nobody starts, whatever the policy", { retry: 3 }, async () => {
  await using lab = await startLab({ agents: 2, onLoss: "continue" });
  const victim = lab.agents[1]!;
  const salvo = await lab.startStudy({});
  await victim.reached("COMMITTED");
  const records = await killAgent(victim);
  await victim.restart();
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/^guest2: /), window: null, startSpreadMs: null },
  ]);
  expect(ended.exitCode).toBe(5);
  expect(await lastTicks(lab)).toEqual({});
  await keptAll(ended, victim, records);
});

test("an agent that is killed in mid-run under abort: the others stop, and its journal is had when it is back", async () => {
  await using lab = await startLab({ agents: 3, onLoss: "abort" });
  const victim = lab.agents[1]!;
  const salvo = await lab.startStudy({ workloads: [long] });
  await salvo.said(/tick [1-9]/);
  const records = await killAgent(victim);
  await salvo.said(/stopping all participants/);
  await victim.restart();
  await salvo.said(/collecting/);
  for (const agent of lab.agents) expect(agent.fioPids()).toEqual([]);
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/^guest2: the agent is lost/) },
  ]);
  expect(ended.exitCode).toBe(5);
  await keptAll(ended, victim, records);
});

test("an agent that is killed in mid-run under continue: the others go on to the end, and the run is degraded", async () => {
  await using lab = await startLab({ agents: 3, onLoss: "continue" });
  const victim = lab.agents[1]!;
  const salvo = await lab.startStudy({ workloads: [{ ...quick, duration: "9s" }] });
  await salvo.said(/tick [1-9]/);
  const records = await killAgent(victim);
  await salvo.said(/tick [4-8]\d\/90/);
  await victim.restart();
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([{ verdict: "degraded", reason: "lost in mid-run: guest2" }]);
  expect(ended.exitCode).toBe(3);
  const { guest1, guest2, guest3 } = await lastTicks(lab);
  expect([guest1, guest3]).toEqual([90, 90]);
  expect(guest2).toBeLessThan(90);
  await keptAll(ended, victim, records);
});

test("an agent that is killed in mid-run under continue and back at once: the run is degraded all the same", async () => {
  await using lab = await startLab({ agents: 2, onLoss: "continue" });
  const victim = lab.agents[1]!;
  const salvo = await lab.startStudy({ workloads: [{ ...quick, duration: "4s" }] });
  await salvo.said(/tick [1-9]/);
  const records = await killAgent(victim);
  await victim.restart();
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([{ verdict: "degraded", reason: "lost in mid-run: guest2" }]);
  expect(ended.exitCode).toBe(3);
  expect(await lastTicks(lab)).toMatchObject({ guest1: 40 });
  await keptAll(ended, victim, records);
});

test("an agent that is killed and comes back when the run is sealed: it is asked again, and what it has is sealed then", async () => {
  await using lab = await startLab({ agents: 2, onLoss: "abort" });
  const salvo = await lab.startStudy({ workloads: [long] });
  await salvo.said(/tick [1-9]/);
  const records = await killAgent(lab.agents[1]!);
  const killedMs = performance.now();
  const ended = ranStudy(await salvo.ended);
  // Noticed within a second, others stopped in two, waited for in five; silence would have cost 25 s and more.
  expect(performance.now() - killedMs).toBeLessThan(20_000);
  expect(ended.stderr).toMatch(/collecting {2}waiting for guest2 \(refuses connections, for \d s, at most \d s more\)/);
  expect(ended.runs, ended.stderr).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/^guest2: the agent is lost/) },
  ]);
  expect(ended.exitCode).toBe(5);
  // It comes back later, and holds the run for whoever wants it; the next run is not in its way.
  await lab.agents[1]!.restart();
  const next = await lab.runStudy({ interval: "500ms" });
  expect(["complete", "degraded"], next.stderr).toContain(next.runs[0]?.verdict);
  const later = await resume(lab);
  expect(later.runs, later.stderr).toMatchObject([{ run: ended.runs[0]!.run, verdict: "aborted" }]);
  expect(later.runs[0]!.archive).toBe(`${ended.runs[0]!.archive}.2`);
  await keptAll(later, lab.agents[1]!, records);
  await lab.nothingLeft();
});

test("an agent that is stopped by SIGTERM in mid-run ends its fio, says so, and has kept everything", async () => {
  await using lab = await startLab({ agents: 2, onLoss: "abort" });
  const stopped = lab.agents[1]!;
  const salvo = await lab.startStudy({ workloads: [long] });
  await salvo.said(/tick [1-9]/);
  await stopped.kill("SIGTERM");
  expect(await stopped.process.ended).toMatchObject({ exitCode: 0 });
  expect(stopped.fioPids()).toEqual([]);
  await stopped.restart();
  const ended = await end(salvo, lab);
  expect(ended.runs).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/guest2.*was stopped/), samples: { missing: 0 } },
  ]);
  expect(ended.exitCode).toBe(5);
});
