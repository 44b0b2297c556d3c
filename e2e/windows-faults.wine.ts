/** The same faults for an agent on Linux and for one on Windows, which is under Wine: one table, and the same outcome. */
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChannels } from "@salvo/controller/service/channels.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, long, quick, ranStudy, startLab, type StudyShape } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { serverOf } from "./own-nats.ts";
import { startWine } from "./wine.ts";
import { startWindowsAgent, unpackWindowsAgent } from "./windows-lab.ts";

/** An agent that something is done to. */
interface Victim {
  readonly id: string;
  readonly dataDir: string;
  fioPids(): number[];
  kill(): Promise<void>;
  restart(): Promise<void>;
  runs(): Promise<readonly unknown[]>;
}

const KINDS = ["Linux", "Windows"] as const;

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let lab: Lab;
let victims: Readonly<Record<(typeof KINDS)[number], Victim>>;
beforeAll(async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-windows-faults-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const programs = join(folder, "Program Files", "Salvo");
  await unpackWindowsAgent(programs);
  const wine = undo.use(await startWine());
  const identities = await testLab(folder);
  const channels = undo.use(openChannels(identities));
  const windows = await startWindowsAgent("win1", { wine, folder, programs, identities, channels });
  lab = undo.use(await startLab({ agents: 2, identities, others: [windows], onLoss: "continue" }));
  victims = { Linux: lab.agents[1]!, Windows: windows };
});

/** The other agent is one on Linux, and the same in both rows. */
const studyWith = (victim: Victim, study: StudyShape): StudyShape => ({
  interval: "500ms",
  scenarios: [{ name: "both", participants: ["guest1", victim.id].map((agent) => ({ agent, device: "disk1" })) }],
  ...study,
});

async function nothingLeft(victim: Victim): Promise<void> {
  await lab.nothingLeft();
  await vi.waitFor(async () => expect(await victim.runs()).toEqual([]), { timeout: 20_000, interval: 50 });
  expect(victim.fioPids()).toEqual([]);
  expect(await readdir(join(victim.dataDir, "runs"))).toEqual([]);
}

const gone = (victim: Victim) =>
  vi.waitFor(() => expect(victim.fioPids()).toEqual([]), { timeout: 5_000, interval: 10 });

describe.for(KINDS)("with an agent on %s", (kind) => {
  test("Ctrl-C in mid-run: all fio is gone, and what was measured until then is sealed", async () => {
    const victim = victims[kind];
    const salvo = await lab.startStudy(studyWith(victim, { workloads: [long] }));
    await salvo.said(/tick [2-9]/);
    expect(victim.fioPids().length).toBeGreaterThan(0);
    salvo.interrupt();
    await gone(victim);
    const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
    expect(runs, stderr).toMatchObject([
      { verdict: "aborted", reason: expect.stringContaining("Ctrl-C"), samples: { missing: 0 } },
    ]);
    expect(exitCode).toBe(130);
    await nothingLeft(victim);
  });

  test("the agent is killed in mid-run and comes back: its fio dies with it, and all that it kept is had", async () => {
    const victim = victims[kind];
    const salvo = await lab.startStudy(studyWith(victim, { workloads: [{ ...quick, duration: "12s" }] }));
    await salvo.said(/tick [2-9]/);
    await victim.kill();
    await gone(victim);
    await victim.restart();
    const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
    expect(runs, stderr).toMatchObject([
      { verdict: "degraded", reason: `lost in mid-run: ${victim.id}`, samples: { missing: 0 } },
    ]);
    expect(exitCode).toBe(3);
    await nothingLeft(victim);
  });

  test("its fio is killed in mid-run: the run is invalid, and the other agent goes on", async () => {
    const victim = victims[kind];
    const salvo = await lab.startStudy(studyWith(victim, { workloads: [{ ...quick, duration: "5s" }] }));
    await salvo.said(/tick [2-9]/);
    for (const pid of victim.fioPids()) process.kill(pid, "SIGKILL");
    const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
    expect(runs, stderr).toMatchObject([
      {
        verdict: "invalid",
        reason: expect.stringMatching(new RegExp(`${victim.id}\\.disk1.*fio (was ended|exited|ended before)`)),
        samples: { missing: 0 },
      },
    ]);
    expect(exitCode).toBe(4);
    await nothingLeft(victim);
  });

  test("the server of NATS is killed in mid-run: no sample is missing", async () => {
    const victim = victims[kind];
    const salvo = await lab.startStudy(studyWith(victim, { workloads: [{ ...quick, duration: "6s" }] }));
    await salvo.said(/tick [2-9]/);
    process.kill(serverOf(salvo.pid), "SIGKILL");
    expectAllThere(ranStudy(await salvo.ended));
    await nothingLeft(victim);
  });

  test("ticks of 100 ms: a sample for every one of them, of fio and of the processors", async () => {
    const victim = victims[kind];
    const study = studyWith(victim, { interval: "100ms", workloads: [{ ...quick, duration: "3s" }] });
    const [line] = expectAllThere(await lab.runStudy(study));
    const [{ fio } = { fio: 0 }] = await lab.query(
      `SELECT count(*)::INT AS fio FROM samples WHERE agent = '${victim.id}' AND run = '${line!.run}'`,
    );
    expect(fio).toBe(30);
    await nothingLeft(victim);
  });
});
