/** Terminals that are closed, readers that leave, and devices that are full: nothing of it leaves fio at work or a run open. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Lab, long, quick, ranStudy, startLab } from "./lab.ts";
import { startShell } from "./process.ts";

const SALVO = fileURLToPath(new URL("../bin/salvo", import.meta.url));
const AGENT = fileURLToPath(new URL("../bin/salvo-agent-guest", import.meta.url));
const FEW_SECONDS = { ...quick, name: "few-seconds", duration: "3s" };

const nothingOpen = async (lab: Lab) => {
  expect(await readdir(join(lab.dataDir, "runs", ".open"))).toEqual([]);
  await lab.nothingLeft();
};

test("a terminal that is closed ends a study in order", async () => {
  await using lab = await startLab({ agents: 2 });
  const salvo = await lab.startStudy({ workloads: [long, quick] });
  await salvo.said(/tick [1-9]/);
  salvo.kill("SIGHUP");
  const { runs, exitCode, signal, stderr } = ranStudy(await salvo.ended);
  expect({ exitCode, signal }, stderr).toEqual({ exitCode: 130, signal: null });
  expect(runs).toMatchObject([{ workload: "long", verdict: "aborted", reason: expect.stringContaining("SIGHUP") }]);
  await nothingOpen(lab);
});

test("a study that was started to ignore it, as nohup does, goes on to its end", async () => {
  await using lab = await startLab({ agents: 1 });
  const study = await lab.writeStudy({ workloads: [FEW_SECONDS] });
  const line = `trap "" HUP; exec "${SALVO}" run "${study}" --lab "${lab.labFile}" --data "${lab.dataDir}" --json`;
  await using salvo = startShell(line, { cwd: lab.folder });
  await salvo.said(/tick [1-9]/);
  salvo.kill("SIGHUP");
  const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
  expect(runs, stderr).toMatchObject([{ workload: "few-seconds", samples: { missing: 0 } }]);
  expect(["complete", "degraded"]).toContain(runs[0]!.verdict); // a busy machine starts late
  expect([0, 3]).toContain(exitCode);
  await nothingOpen(lab);
});

test("an agent that was started to ignore it goes on as well, and one that was not ends in order", async () => {
  await using lab = await startLab({ agents: 2 });
  const [first, second] = lab.agents;
  await first!.kill("SIGHUP");
  expect(await first!.process.ended).toMatchObject({ exitCode: 0, signal: null });
  await second!.kill("SIGTERM");
  const config = join(lab.folder, "guest2", "agent.yaml");
  const line = `trap "" HUP; exec "${AGENT}" --config "${config}" --listen ${second!.address}`;
  await using agent = startShell(line, { cwd: join(lab.folder, "guest2") });
  await agent.printed(/^\{.*\}\n/);
  agent.kill("SIGHUP");
  expect(await second!.runs()).toEqual([]);
  agent.kill("SIGTERM");
  expect(await agent.ended).toMatchObject({ exitCode: 0 });
});

test("a study goes on when nobody reads its progress any more", async () => {
  await using lab = await startLab({ agents: 1 });
  const salvo = await lab.startStudy({ workloads: [FEW_SECONDS, quick] });
  await salvo.said(/tick [1-9]/);
  salvo.leave("stderr");
  const { runs, exitCode } = ranStudy(await salvo.ended);
  expect(runs.map(({ workload }) => workload)).toEqual(["few-seconds", "quick"]);
  expect([0, 3]).toContain(exitCode);
  await nothingOpen(lab);
});

test("a reader of the results that leaves ends the study in order", async () => {
  await using lab = await startLab({ agents: 1 });
  const salvo = await lab.startStudy({ workloads: [quick, { ...quick, name: "second" }, long] });
  await salvo.printed(/\n/);
  salvo.leave("stdout"); // the second result finds nobody
  const { exitCode, signal, stderr } = await salvo.ended;
  expect(stderr).toContain("nobody reads the output any more: stopping all participants");
  expect({ exitCode, signal }, stderr).toEqual({ exitCode: 130, signal: null });
  expect(stderr).not.toMatch(/ {4}at /);
  await nothingOpen(lab);
});

test("results that cannot be written end the study in order, and the exit code says so", async () => {
  await using lab = await startLab({ agents: 1 });
  const salvo = await lab.startStudy({ workloads: [quick, long] }, [], { stdout: "/dev/full" });
  const { exitCode, stderr } = await salvo.ended;
  expect(exitCode, stderr).toBe(6);
  expect(stderr).toContain(
    "the output cannot be written: ENOSPC: no space left on device, write: stopping all participants",
  );
  const sealed = (await readdir(join(lab.dataDir, "runs"))).filter((name) => !name.startsWith("."));
  const workloads = sealed.map((run) => run.split("-")[3]);
  expect(workloads).toEqual(workloads[1] === undefined ? ["quick"] : ["quick", "long"]);
  await nothingOpen(lab);
});

test("an agent whose log is full measures as ever", async () => {
  const full = { stderr: "/dev/full" };
  await using lab = await startLab({ agents: [{ to: full, env: { SALVO_LOG: "trace" } }, {}] });
  const { runs, stderr } = await lab.runStudy({});
  expect(runs, stderr).toMatchObject([{ workload: "quick", samples: { missing: 0 } }]);
  expect(["complete", "degraded"]).toContain(runs[0]!.verdict);
  expect(lab.agents[0]!.process.running).toBe(true);
  await nothingOpen(lab);
});

test("an agent whose log nobody reads any more measures as ever", async () => {
  await using lab = await startLab({ agents: [{ env: { SALVO_LOG: "trace" } }] });
  const [agent] = lab.agents;
  const salvo = await lab.startStudy({ workloads: [FEW_SECONDS] });
  await salvo.said(/tick [1-9]/);
  agent!.process.leave("stderr");
  agent!.process.leave("stdout");
  const { runs, stderr } = ranStudy(await salvo.ended);
  expect(runs, stderr).toMatchObject([{ workload: "few-seconds", samples: { missing: 0 } }]);
  expect(["complete", "degraded"]).toContain(runs[0]!.verdict);
  await nothingOpen(lab);
});

test("commands that only print end without a word when their reader leaves", async () => {
  await using lab = await startLab({ agents: 1 });
  await lab.runStudy({});
  for (const command of [["runs"], ["runs", "--json"], ["report", "*", "--out", join(lab.folder, "r.html")]]) {
    const salvo = lab.start([...command, "--data", lab.dataDir]);
    salvo.leave("stdout");
    expect(await salvo.ended).toMatchObject({ stdout: "", stderr: "", exitCode: 130 });
  }
  expect(await readFile(join(lab.folder, "r.html"), "utf8")).toContain("</html>"); // it was written before
});
