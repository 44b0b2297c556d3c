import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeFio, fakeFio, type FioFault } from "./fake-fio.fixture.ts";
import { long, quick, ranStudy, startLab, type Lab } from "./lab.ts";

/** Two agents, of which the second has the fio that fails: one lab for all, which each fault must leave as it was. */
let lab: Lab;
let fio: FakeFio;
const undo = new AsyncDisposableStack();
beforeAll(async () => {
  fio = undo.use(await fakeFio());
  lab = undo.use(await startLab({ agents: [{}, { fio: fio.path }] }));
});
afterAll(() => undo.disposeAsync());

/** Both agents do the next run as if nothing had been. */
async function runsAgain(): Promise<void> {
  await lab.nothingLeft();
  await fio.runs("well");
  const { runs, stderr } = await lab.runStudy({ interval: "500ms" });
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict); // degraded where the machine is busy
  expect(runs[0]).toMatchObject({ samples: { missing: 0 } });
  await lab.nothingLeft();
}

test("a fio that is missing is named with its agent and what to do, before anything is started", async () => {
  await using lab = await startLab({ agents: [{}, { fio: "/nowhere/fio" }] });
  const { runs, exitCode, stderr } = await lab.runStudy({});
  expect(stderr).toMatch(/guest2.*\/nowhere\/fio/);
  expect(stderr).toMatch(/Install fio|Check the path, or install it/);
  expect({ runs, exitCode }).toEqual({ runs: [], exitCode: 6 });
  expect(stderr).not.toContain("arming");
  await lab.nothingLeft();
});

test("a fio that is too old, and a program that is no fio, are refused before anything is started", async () => {
  await fio.says("fio-2.21");
  const old = await lab.runStudy({});
  expect(old.stderr).toMatch(/guest2.*2\.21 is too old.*Install fio 3\.30 or newer/);
  expect(old).toMatchObject({ runs: [], exitCode: 6 });
  await fio.says("bash 5.2");
  const none = await lab.runStudy({});
  expect(none.stderr).toMatch(/guest2.*bash 5\.2.*no fio/);
  expect(none).toMatchObject({ runs: [], exitCode: 6 });
  expect(none.stderr + old.stderr).not.toContain("arming");
  await fio.says("fio-3.33");
  await runsAgain();
});

describe("a fio that", () => {
  test.for<readonly [FioFault, RegExp]>([
    ["fails", /Operation not permitted/],
    ["bad option", /no_such_option/],
    ["exits at once", /ended/],
    ["prints garbage", /Segmentation fault/],
  ])("%s at its start: nobody starts, and the reason has its own words", async ([fault, words]) => {
    await fio.runs(fault);
    const { runs, exitCode, stderr } = await lab.runStudy({});
    expect(runs, stderr).toHaveLength(1);
    expect(runs[0]).toMatchObject({ verdict: "invalid", window: null });
    expect(runs[0]!.reason).toContain("guest2.disk1");
    expect(runs[0]!.reason).toMatch(words);
    expect(exitCode).toBe(4);
    await runsAgain();
  });

  test.for<readonly [FioFault, RegExp]>([
    ["does no I/O", /exited with 0 but did no I\/O/],
    ["answers dumps with garbage", /oops/],
    ["ignores dumps", /no I\/O of guest2\.disk1 was measured/],
  ])("%s: the run is invalid, and says so", async ([fault, words]) => {
    await fio.runs(fault);
    const { runs, exitCode, stderr } = await lab.runStudy({});
    expect(runs, stderr).toHaveLength(1);
    expect(runs[0]).toMatchObject({ verdict: "invalid" });
    expect(runs[0]!.reason).toContain("guest2.disk1");
    expect(runs[0]!.reason).toMatch(words);
    expect(exitCode).toBe(4);
    await runsAgain();
  });

  test("hangs before its gate: Ctrl-C ends the arming, and its agent is free", async () => {
    await fio.runs("hangs before its gate");
    const salvo = await lab.startStudy({});
    await lab.agents[0]!.reached("ARMED");
    await lab.agents[1]!.reached("ARMING");
    salvo.kill("SIGINT");
    const ended = ranStudy(await salvo.ended);
    expect(ended.runs).toMatchObject([{ verdict: "aborted", reason: expect.stringContaining("Ctrl-C"), window: null }]);
    expect(ended.exitCode).toBe(130);
    await runsAgain();
  });

  test("does not end at its planned end: its agent ends it, and the run is invalid", async () => {
    await fio.runs("does not end");
    const { runs, exitCode } = await lab.runStudy({ workloads: [quick] });
    expect(runs).toMatchObject([
      { verdict: "invalid", reason: expect.stringMatching(/guest2.*did not end at its planned end/) },
    ]);
    expect(exitCode).toBe(4);
    await runsAgain();
  });
});

describe.for(["abort", "continue"] as const)("a fio that is killed in mid-run, under %s", (onLoss) => {
  test(`makes the run invalid, and the other agent ${onLoss === "abort" ? "stops" : "goes on"}`, async () => {
    await using lab = await startLab({ agents: [{}, { devices: 2 }], onLoss });
    const workload = onLoss === "abort" ? long : { ...quick, duration: "3s" };
    const salvo = await lab.startStudy({ workloads: [workload] });
    await lab.agents[1]!.reached("RUNNING");
    const [victim] = lab.agents[1]!.fioPids();
    process.kill(victim!, "SIGKILL");
    const ended = ranStudy(await salvo.ended);
    expect(ended.runs, ended.stderr).toMatchObject([
      { verdict: "invalid", reason: expect.stringMatching(/guest2\.disk[12].*SIGKILL/), samples: { missing: 0 } },
    ]);
    expect(ended.exitCode).toBe(4);
    const ticks = "SELECT participant, max(tick)::INT AS last FROM samples GROUP BY participant ORDER BY participant";
    const last = await lab.query(ticks);
    if (onLoss === "continue") expect(last.filter(({ last }) => last === 30)).toHaveLength(2);
    else for (const { last: tick } of last) expect(tick).toBeLessThan(300);
    await lab.nothingLeft();
  });
});
